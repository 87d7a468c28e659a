package main

import (
	"math"
	"slices"
)

// leak is the value of Welch's t above which two samples are held to differ: the bound
// of test vector leakage assessment, which samples of the same distribution exceed
// about seven times in a million (Goodwill et al., 2011; dudect uses the same).
const leak = 4.5

// welch is Welch's t: how far apart the means of two samples are, in units of what
// chance makes of them.
func welch(a, b []float64) float64 {
	meanA, varA := moments(a)
	meanB, varB := moments(b)
	spread := math.Sqrt(varA/float64(len(a)) + varB/float64(len(b)))
	if spread == 0 {
		if meanA == meanB {
			return 0
		}
		return math.Inf(1)
	}
	return (meanA - meanB) / spread
}

// moments are the mean and the variance of a sample.
func moments(sample []float64) (mean, variance float64) {
	for _, x := range sample {
		mean += x
	}
	mean /= float64(len(sample))
	for _, x := range sample {
		variance += (x - mean) * (x - mean)
	}
	return mean, variance / float64(len(sample)-1)
}

// below keeps of two samples what is below a quantile of both together. What a busy
// machine adds now and then to any sample hides small differences; without it they show
// (dudect, section 3.2).
func below(quantile float64, a, b []float64) (x, y []float64) {
	all := slices.Concat(a, b)
	slices.Sort(all)
	limit := all[int(quantile*float64(len(all)-1))]
	keep := func(sample []float64) (out []float64) {
		for _, v := range sample {
			if v <= limit {
				out = append(out, v)
			}
		}
		return out
	}
	return keep(a), keep(b)
}

// median is the middle of a sample.
func median(sample []float64) float64 {
	sorted := slices.Sorted(slices.Values(sample))
	return sorted[len(sorted)/2]
}
