package main

import (
	"fmt"
	"slices"
)

// earlier measures with the program of the flag -before, nil without one.
func (b *bench) earlier() *bench {
	if b.before == "" {
		return nil
	}
	earlier := *b
	earlier.binary = b.before
	return &earlier
}

// ratios compare processor times of this build with those of an earlier one, taken in
// turns: what disturbs a round disturbs both of its pair, so the middle pair is the
// figure.
func ratios(ours, earlier []float64) []Figure {
	pairs := make([]float64, len(ours))
	for i := range ours {
		pairs[i] = ours[i] / earlier[i]
	}
	slices.Sort(pairs)
	return []Figure{
		{Name: "processor time of the earlier build, smallest round", Unit: "us", Value: slices.Min(earlier), Note: "rounds: " + all(earlier)},
		{Name: "so many times the earlier build, middle pair", Unit: "x", Value: median(pairs), Note: fmt.Sprintf("%.2f to %.2f in %d pairs", pairs[0], pairs[len(pairs)-1], len(pairs))},
	}
}
