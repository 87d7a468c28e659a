package main

import (
	"math"
	"slices"
)

// Class says how a figure grows.
type Class string

// The classes, from good to bad.
const (
	Constant    Class = "constant"
	Logarithmic Class = "logarithmic"
	Worse       Class = "worse than logarithmic"
)

// Growth is the verdict over a curve, within the sizes that were measured.
type Growth struct {
	Class Class `json:"class"` // "" when there is nothing to compare: fewer than two points, or figures that are not above 0
	// Ratio is the last figure by the first; PerDecade is by how much that is for each
	// ten times the size.
	Ratio     float64 `json:"ratio"`
	PerDecade float64 `json:"per_decade"`
}

// growth judges points in the order of their sizes, whose figures may be wrong by a
// share of noise:
//
//  1. constant, when no figure is above the first by more than the noise;
//  2. logarithmic, when from no point to the next the figure grows by a larger factor
//     than the logarithm of the size does, but for the noise;
//  3. worse, otherwise.
//
// The second compares neighbours, because over the whole curve a large first figure
// would hide a straight line's rise behind it. The logarithm is that of one more than
// the size, for sizes begin at 1. Nothing gets cheaper by being more, so a figure above
// that of a larger size is noise in excess of its share, and counts as that one.
func growth(points []Point, noise float64) (g Growth) {
	if len(points) < 2 || slices.ContainsFunc(points, func(p Point) bool { return p.X < 1 || p.Y <= 0 }) {
		return g
	}
	first, last := points[0], points[len(points)-1]
	g = Growth{Class: Constant, Ratio: last.Y / first.Y}
	g.PerDecade = math.Pow(g.Ratio, 1/math.Log10(last.X/first.X))
	points = slices.Clone(points)
	for i := len(points) - 2; i >= 0; i-- {
		points[i].Y = min(points[i].Y, points[i+1].Y)
	}
	for i, p := range points[1:] {
		before := points[i]
		if p.Y > points[0].Y*(1+noise) && g.Class == Constant {
			g.Class = Logarithmic
		}
		if p.Y/before.Y > (1+noise)*math.Log1p(p.X)/math.Log1p(before.X) {
			g.Class = Worse
		}
	}
	return g
}
