package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

func sampled(dice *rand.Rand, n int, mean float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = mean + dice.NormFloat64()
		if dice.IntN(20) == 0 {
			out[i] += 100 * dice.Float64() // the machine did something else
		}
	}
	return out
}

func TestWelch(t *testing.T) {
	t.Parallel()
	if got := welch([]float64{1, 2, 3, 4, 5}, []float64{2, 4, 6, 8, 10}); math.Abs(got+1.8973665961) > 1e-9 {
		t.Errorf("t of the example is %v", got)
	}
	if got := welch([]float64{1, 1}, []float64{2, 2}); !math.IsInf(got, 1) {
		t.Errorf("t of two constants is %v", got)
	}
	dice := rand.New(rand.NewPCG(1, 2))
	a, same, slower := sampled(dice, 500, 25), sampled(dice, 500, 25), sampled(dice, 500, 25.5)
	if got := math.Abs(welch(below(0.9, a, same))); got > leak {
		t.Errorf("the same differs: %v", got)
	}
	if got := math.Abs(welch(below(0.9, a, slower))); got < leak {
		t.Errorf("two hundredths go unnoticed: %v", got)
	}
}
