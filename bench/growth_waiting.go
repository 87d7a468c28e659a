package main

import (
	"context"
	"fmt"
	"slices"
)

// waitingSizes are how many events wait for another destination while the measured ones
// are delivered.
var waitingSizes = []int{10, 10_000}

var waitingStudy = study{
	curves: []Curve{
		{
			Name: "effect", Row: 3, Figure: "processor time per event, commit to effect", Unit: "us", Of: "events waiting", Noise: processorNoise,
			Note: waitingNote,
		},
		{
			Name: "effect-p99", Row: 3, Figure: "p99 from commit to effect", Unit: "ms", Of: "events waiting", Noise: tailNoise,
			Note: waitingNote,
		},
	},
	run: growWaiting,
}

const waitingNote = "BenchmarkLatency of platform/events, 10,000 events at 2,000/s in one process, while so many others in the same outbox wait for a " +
	"destination that is away and is tried again and again. Smallest of three interleaved rounds."

func growWaiting(ctx context.Context, b *bench, add plot) error {
	measured := make([][]sample, len(waitingSizes))
	for range rounds {
		for i, n := range waitingSizes {
			name := fmt.Sprintf("BenchmarkLatency/owed=%d/rate=%d", n, effectRate)
			samples, err := b.goBench(ctx, "./platform/events", name, fmt.Sprintf("%dx", 5*effectRate), 1)
			if err != nil {
				return err
			}
			measured[i] = append(measured[i], samples...)
		}
	}
	for i, n := range waitingSizes {
		costs, tails := column(measured[i], "cpu-us/op"), column(measured[i], "p99-ms")
		add("effect", float64(n), slices.Min(costs), "rounds: "+all(costs))
		add("effect-p99", float64(n), slices.Min(tails), "rounds: "+all(tails))
	}
	return nil
}
