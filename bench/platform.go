package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// The rows about the platform's own parts are its Go benchmarks.

var callRow = row{
	number: 7, name: "call", work: "guarded local call with a deadline, an order of ten lines both ways",
	missed: "twenty structures of the order are copied each way, so that neither side can change what the other holds, and the callee runs in a goroutine of its own, so that a deadline ends the waiting",
	run: func(ctx context.Context, b *bench) ([]Figure, error) {
		one, err := b.goBench(ctx, "./platform/rpc/rpctest", "BenchmarkPlace/local", "1s", 5, "-cpu=1")
		if err != nil {
			return nil, err
		}
		every, err := b.goBench(ctx, "./platform/rpc/rpctest", "BenchmarkPlace/local", "1s", 5)
		if err != nil {
			return nil, err
		}
		took, spread := column(one, "ns/op"), column(every, "ns/op")
		return []Figure{
			{Name: "time per call on one core, smallest of five runs", Unit: "us", Value: slices.Min(took) / 1e3, Bar: atMost(5), Note: "all runs in ns: " + all(took)},
			{
				Name: "time per call with all cores", Unit: "us", Value: slices.Min(spread) / 1e3,
				Note: "all runs in ns: " + all(spread) + "; caller and callee then wake each other on different cores, which takes longer and does no more work",
			},
			{Name: "allocations per call", Unit: "", Value: slices.Min(column(one, "allocs/op"))},
		}, nil
	},
}

var commitRow = row{
	number: 2, name: "commit", work: "durable order, two lines and an event, group commit, 64 callers",
	run: func(ctx context.Context, b *bench) ([]Figure, error) {
		group, err := b.goBench(ctx, "./platform/database", "BenchmarkGroupCommit/callers=64", "2s", 3)
		if err != nil {
			return nil, err
		}
		alone, err := b.goBench(ctx, "./platform/database", "BenchmarkGroupCommit/callers=1", "2s", 3)
		if err != nil {
			return nil, err
		}
		rates, one := column(group, "tx/s"), slices.Max(column(alone, "tx/s"))
		best := group[slices.Index(rates, slices.Max(rates))].values
		return []Figure{
			{Name: "orders per second, best of three runs", Unit: "/s", Value: best["tx/s"], Bar: atLeast(25_000), Note: "all runs: " + all(rates)},
			{Name: "p99 in that run", Unit: "ms", Value: best["p99-us"] / 1e3, Bar: atMost(10)},
			{Name: "processor time per order", Unit: "us", Value: slices.Min(column(group, "cpu-us/op"))},
			{Name: "one caller, a commit each", Unit: "/s", Value: one},
			{Name: "group commit gains", Unit: "x", Value: best["tx/s"] / one},
		}, nil
	},
}

// effectRate is what row 3 is measured at, in events per second.
const effectRate = 2000

var effectRow = row{
	number: 3, name: "effect", work: "commit to effect in the listener's database, exactly once, open loop at 2,000/s, one process",
	run: func(ctx context.Context, b *bench) ([]Figure, error) {
		name := fmt.Sprintf("BenchmarkLatency/rate=%d", effectRate)
		samples, err := b.goBench(ctx, "./platform/events", name, fmt.Sprintf("%dx", 5*effectRate), 3)
		if err != nil {
			return nil, err
		}
		figures := delays(samples, "", 1, 5)
		samples, err = b.durableBench(ctx, []engine{overRabbitMQ}, "./platform/events/rabbit", name, fmt.Sprintf("%dx", 5*effectRate), 3)
		if errors.Is(err, errNoSample) {
			figures[0].Note += "; not measured over RabbitMQ, which is not installed"
			return figures, nil
		}
		if err != nil {
			return nil, err
		}
		return append(figures, delays(samples, "over RabbitMQ: ", 0, 25)...), nil
	},
}

// delays are the figures of a benchmark of latency, of the run with the best p99, with
// bars in ms where they are not 0.
func delays(samples []sample, prefix string, p50, p99 float64) []Figure {
	tails := column(samples, "p99-ms")
	best := samples[slices.Index(tails, slices.Min(tails))].values
	figures := []Figure{
		{Name: prefix + "p50, in the best of three runs", Unit: "ms", Value: best["p50-ms"], Note: "all runs: " + all(column(samples, "p50-ms"))},
		{Name: prefix + "p99", Unit: "ms", Value: best["p99-ms"], Bar: atMost(p99), Note: "all runs: " + all(tails)},
		{Name: prefix + "rate achieved", Unit: "/s", Value: best["events/s"], Bar: atLeast(0.99 * effectRate), Note: "a run that falls behind its rate says nothing about latency"},
	}
	if p50 > 0 {
		figures[0].Bar = atMost(p50)
	}
	return figures
}

// relayed is how many events row 6 relays.
const relayed = 40_000

var relayRow = row{
	number: 6, name: "relay", work: "relay of an outbox to a quorum queue of RabbitMQ, confirmed and marked",
	note:   "BenchmarkRelay empties an outbox; BenchmarkPublish leaves the outbox out. The broker has its share of the same cores.",
	missed: "the broker and the relay share two cores: publishing without an outbox, with nothing read and marked, is the ceiling of the second figure",
	run: func(ctx context.Context, b *bench) ([]Figure, error) {
		count := fmt.Sprintf("%dx", relayed)
		relay, err := b.durableBench(ctx, []engine{overRabbitMQ}, "./platform/events/rabbit", "BenchmarkRelay", count, 3)
		if err != nil {
			return nil, err
		}
		publish, err := b.durableBench(ctx, []engine{overRabbitMQ}, "./platform/events/rabbit", "BenchmarkPublish", count, 3)
		if err != nil {
			return nil, err
		}
		if err := b.profileBench(ctx, "relay", "./platform/events/rabbit", "BenchmarkRelay", count); err != nil {
			return nil, err
		}
		rates, raw := column(relay, "events/s"), column(publish, "events/s")
		return []Figure{
			{Name: "events per second, best of three runs", Unit: "/s", Value: slices.Max(rates), Bar: atLeast(20_000), Note: "all runs: " + all(rates)},
			{Name: "published and confirmed, without an outbox", Unit: "/s", Value: slices.Max(raw), Note: "all runs: " + all(raw)},
		}, nil
	},
}

var splitRow = row{
	number: 12, name: "split", work: "a process for each module, with MariaDB and RabbitMQ",
	note: "BenchmarkSplit in this folder. Without the servers. Ready is when /ready has answered 200; each process is started beside servers that run and on a schema that is there.",
	run: func(ctx context.Context, b *bench) ([]Figure, error) {
		samples, err := b.durableBench(ctx, []engine{overMariaDB, overRabbitMQ}, "./bench", "BenchmarkSplit", "1x", 3)
		if err != nil {
			return nil, err
		}
		resident, once, slowest := column(samples, "MB"), column(samples, "shared-once-MB"), column(samples, "slowest-ms")
		return []Figure{
			{Name: "memory 5 s after the start, idle, all processes together", Unit: "MB", Value: median(once), Bar: atMost(250),
				Note: "Pss: pages that the processes share, those of the program file, are counted once. Median of " + all(once)},
			{Name: "the same with shared pages counted for each process", Unit: "MB", Value: median(resident), Note: "VmRSS. Median of " + all(resident)},
			{Name: "processes", Unit: "", Value: samples[0].values["processes"]},
			{Name: "ready once the database answers, slowest process", Unit: "ms", Value: slices.Min(slowest), Bar: atMost(1000), Note: "all runs: " + all(slowest)},
			{Name: "median of the processes", Unit: "ms", Value: slices.Min(column(samples, "median-ms"))},
		}, nil
	},
}
