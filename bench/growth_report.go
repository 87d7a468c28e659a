package main

import (
	"fmt"
	"slices"
	"strings"
)

// putCurve adds a curve, in place of an earlier one of the same name.
func (r *Report) putCurve(c Curve) {
	r.Growth = slices.DeleteFunc(r.Growth, func(old Curve) bool { return old.Name == c.Name })
	r.Growth = append(r.Growth, c)
	slices.SortStableFunc(r.Growth, func(a, b Curve) int { return a.Row - b.Row })
}

const growthPreface = `
## How cost grows

Written by ` + "`make bench GROWTH=1`" + `. A figure is constant when it never exceeds the first by more than the noise (%.0f %% for processor
time, %.0f %% for latencies); logarithmic when from no size to the next it grows by a larger factor than the logarithm of the size
does, but for the noise; and worse otherwise, within what was measured.

`

// growth writes the section about how cost grows.
func (r *Report) growth(put func(format string, args ...any)) {
	if len(r.Growth) == 0 {
		return
	}
	put(growthPreface, 100*processorNoise, 100*tailNoise)
	put("| row | figure | by | verdict |\n|---|---|---|---|\n")
	for _, c := range r.Growth {
		put("| %d | %s | %s | %s |\n", c.Row, c.Figure, c.Of, c.Verdict())
	}
	for _, c := range r.Growth {
		c.markdown(put)
	}
}

// markdown writes the curve with its drawing and its table.
func (c Curve) markdown(put func(format string, args ...any)) {
	put("\n### %s\n\n", c.Title())
	if len(c.Points) > 1 {
		put("![%s](%s)\n\n", c.Title(), c.drawing())
	}
	put("| %s | %s | to the first | |\n|---|---|---|---|\n", c.Of, c.Figure)
	for _, p := range c.Points {
		put("| %s | %s | %s | %s |\n", number(p.X), strings.TrimSpace(number(p.Y)+" "+c.Unit), number(p.Y/c.Points[0].Y), p.Note)
	}
	put("\n%s\n\n", sentence(c.Verdict()))
	put("%s, commit %s; before it began others took %.0f %% of the processors.", c.At.UTC().Format("2006-01-02 15:04"), c.Commit, 100*c.Busy)
	if c.Note != "" {
		put(" %s", c.Note)
	}
	if c.Error != "" {
		put(" Not measured to the end: %s", strings.ReplaceAll(c.Error, "\n", " "))
	}
	put("\n")
}

// sentence begins with a capital letter; verdicts are in plain ASCII.
func sentence(text string) string { return fmt.Sprintf("%s%s", strings.ToUpper(text[:1]), text[1:]) }
