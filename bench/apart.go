package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// apartRate, a second, is what both shops sustain beside each other and beside the
	// load on two cores.
	apartRate = 200
	apartWarm = 3 * time.Second
)

// The parts of BenchmarkApart, each a line of its result.
const (
	apartRest  = "rest"
	apartRound = "round"
	apartAfter = "after"
)

// perRequest is the processor time that comes of rounds.
const perRequest = "time per request"

// The accounts of BenchmarkApart: a value's unit is the account's name and then what is
// counted. Those of the split begin alike, and so do those of its modules, which have
// one each.
const (
	oneAccount   = "one"
	splitAccount = "split" // of latencies
	allApart     = splitAccount + "/"
	soukApart    = allApart + "souk/"
	mariaApart   = allApart + "MariaDB"
	rabbitApart  = allApart + "RabbitMQ"

	achievedUnit = "-achieved/s" // behind the name of an account of latencies
)

var apartRow = row{
	number: 14, name: "apart", work: fmt.Sprintf("split traffic: the traffic of row 9 at %d/s, open loop, to one process with SQLite and to a process for each module with MariaDB and RabbitMQ", apartRate),
	note: "BenchmarkApart in this folder. Three rounds of 10 s to each, in turns, until every order is paid and has its receipt; processor time of the processes, by replies. " +
		"All times but p50 and p99 are the processors'. Both shops run all the time, so what they do at rest is part of it; servers and load share the cores. Memory is Pss after the last round. " +
		"MariaDB has a buffer pool of 32 MB and no performance schema, RabbitMQ a write-ahead log of 32 MB and no statistics: in earnest both take more.",
	run: func(ctx context.Context, b *bench) ([]Figure, error) {
		samples, err := b.durableBench(ctx, []engine{overMariaDB, overRabbitMQ}, "./bench", "BenchmarkApart/", "1x", 1)
		if err != nil {
			return nil, err
		}
		return apartFigures(samples)
	},
}

// parts are the lines of one part; the names of a repeated one end in a number.
func parts(samples []sample, part string) (found []sample) {
	for _, s := range samples {
		if _, name, _ := strings.Cut(s.name, "/"); name == part || strings.HasPrefix(name, part+"#") {
			found = append(found, s)
		}
	}
	return found
}

// sum adds up what is counted in a unit over all accounts that begin with the prefix,
// and lists these.
func (s sample) sum(prefix, unit string) (total float64, list string) {
	var words []string
	for key, value := range s.values {
		account, counted := strings.CutSuffix(key, "-"+unit)
		if name, within := strings.CutPrefix(account, prefix); counted && within {
			total += value
			words = append(words, strings.TrimPrefix(name, "souk/")+" "+number(value))
		}
	}
	slices.Sort(words)
	return total, strings.Join(words, ", ")
}

// least is the sample with the smallest sum, and the note that lists all.
func least(samples []sample, prefix, unit string) (cheapest sample, note string) {
	sums := make([]float64, len(samples))
	for i, s := range samples {
		sums[i], _ = s.sum(prefix, unit)
	}
	return samples[slices.Index(sums, slices.Min(sums))], "rounds: " + all(sums)
}

func apartFigures(samples []sample) ([]Figure, error) {
	rest, measured, after := parts(samples, apartRest), parts(samples, apartRound), parts(samples, apartAfter)
	if len(rest) != 1 || len(measured) != rounds || len(after) != 1 {
		return nil, fmt.Errorf("%w of a part: rest %d, rounds %d, after %d", errNoSample, len(rest), len(measured), len(after))
	}
	ones, ok := onTime(measured, oneAccount)
	splits, ok2 := onTime(measured, splitAccount)
	if !ok || !ok2 {
		return nil, fmt.Errorf("%w: of %d rounds %d of one process and %d of the split", errBehind, rounds, len(ones), len(splits))
	}
	figures := apartBill(perRequest, "us", ones, splits)
	figures = append(figures, apartDelays("one process", oneAccount, ones)...)
	figures = append(figures, apartDelays("split", splitAccount, splits)...)
	figures = append(figures, apartBill("time per second at rest", "ms", rest, rest)...)
	return append(figures, apartBill("memory after", "MB", after, after)...), nil
}

// onTime are the rounds in which a shop did 99 % of the rate; ok tells that there are
// any. The others say nothing.
func onTime(samples []sample, account string) (kept []sample, ok bool) {
	for _, s := range samples {
		if s.values[account+achievedUnit] >= 0.99*apartRate {
			kept = append(kept, s)
		}
	}
	return kept, len(kept) > 0
}

// behind says how many rounds were left out.
func behind(kept []sample) string {
	if len(kept) == rounds {
		return ""
	}
	return fmt.Sprintf("; %d of %d rounds fell behind the rate and do not count", rounds-len(kept), rounds)
}

// apartBill compares what the shops take, each in the one of its rounds in which it
// takes least.
func apartBill(what, unit string, ones, splits []sample) []Figure {
	one, oneNote := least(ones, oneAccount, unit)
	split, splitNote := least(splits, allApart, unit)
	ours, modules := split.sum(soukApart, unit)
	oneTakes, _ := one.sum(oneAccount, unit)
	splitTakes, _ := split.sum(allApart, unit)
	figures := []Figure{
		{Name: what + ": one process", Unit: unit, Value: oneTakes},
		{Name: what + ": split, Souk's processes", Unit: unit, Value: ours, Note: modules},
		{Name: what + ": split, MariaDB", Unit: unit, Value: split.values[mariaApart+"-"+unit]},
		{Name: what + ": split, RabbitMQ", Unit: unit, Value: split.values[rabbitApart+"-"+unit]},
		{Name: what + ": split, all together", Unit: unit, Value: splitTakes},
		{Name: what + ": so many times one process", Unit: "x", Value: splitTakes / oneTakes, Note: "Souk's processes alone " + number(ours/oneTakes)},
	}
	if what == perRequest {
		figures[0].Note, figures[4].Note = "smallest of the "+oneNote+behind(ones), "smallest of the "+splitNote+behind(splits)
	}
	return figures
}

// apartDelays are the latencies of one shop, of the round with the smallest p99.
func apartDelays(name, account string, samples []sample) []Figure {
	best, tails := least(samples, account, "p99-ms")
	p50, p99 := best.values[account+"-p50-ms"], best.values[account+"-p99-ms"]
	return []Figure{
		{Name: "p50, " + name, Unit: "ms", Value: p50},
		{Name: "p99, " + name, Unit: "ms", Value: p99, Note: "smallest of the " + tails},
	}
}
