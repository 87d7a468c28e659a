package main

import (
	"context"
	"fmt"
	"slices"
)

// The rows about the platform's own parts are its Go benchmarks.

var callRow = row{
	number: 7, name: "call", work: "guarded local call with a deadline, an order of ten lines both ways",
	run: func(ctx context.Context, b *bench) ([]Figure, error) {
		samples, err := b.goBench(ctx, "./platform/rpc/rpctest", "BenchmarkPlace/local", "1s", 5)
		if err != nil {
			return nil, err
		}
		took := column(samples, "ns/op")
		return []Figure{
			{Name: "time per call, smallest of five runs", Unit: "us", Value: slices.Min(took) / 1e3, Bar: atMost(5), Note: "all runs in ns: " + all(took)},
			{Name: "allocations per call", Unit: "", Value: slices.Min(column(samples, "allocs/op"))},
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
		tails := column(samples, "p99-ms")
		best := samples[slices.Index(tails, slices.Min(tails))].values
		return []Figure{
			{Name: "p50, in the best of three runs", Unit: "ms", Value: best["p50-ms"], Bar: atMost(1), Note: "all runs: " + all(column(samples, "p50-ms"))},
			{Name: "p99", Unit: "ms", Value: best["p99-ms"], Bar: atMost(5), Note: "all runs: " + all(tails)},
			{Name: "rate achieved", Unit: "/s", Value: best["events/s"], Bar: atLeast(0.99 * effectRate), Note: "a run that falls behind its rate says nothing about latency"},
		}, nil
	},
}
