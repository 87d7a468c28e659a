package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
)

// chart draws points over a logarithmic axis. It brings its own background, so that it
// is readable wherever it is shown, and follows the reader's choice of dark or light.
type chart struct {
	title   string // what the figures are
	x, unit string
	points  []Point // by size, all sizes above 0
}

// The drawing's size and the room around the points, in pixels.
const (
	chartWidth, chartHeight  = 680, 380
	roomLeft, roomRight      = 84, 48
	roomAbove, roomBelow     = 72, 64
	yTicks                   = 5 // at most so many steps
	plotWidth, plotHeight    = chartWidth - roomLeft - roomRight, chartHeight - roomAbove - roomBelow
	plotBottom, plotRightEnd = chartHeight - roomBelow, chartWidth - roomRight
)

const chartStyle = `<style>
.paper{fill:#fff}.ink{fill:#1f2328}.faint{fill:#59636e}.grid{stroke:#d1d9e0}.line{stroke:#0969da;fill:none;stroke-width:2}.dot{fill:#0969da}
@media (prefers-color-scheme: dark){.paper{fill:#0d1117}.ink{fill:#f0f6fc}.faint{fill:#9198a1}.grid{stroke:#3d444d}.line{stroke:#58a6ff}.dot{fill:#58a6ff}}
</style>
`

// svg writes the drawing.
func (c chart) svg() string {
	var b strings.Builder
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) } // to memory
	put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="system-ui, sans-serif" font-size="13">`, chartWidth, chartHeight)
	put(`<title>%s</title>`, escaped(c.title))
	put(`%s<rect class="paper" width="100%%" height="100%%" rx="6"/>`, chartStyle)
	put(`<text class="ink" x="20" y="28" font-size="15" font-weight="600">%s</text>`, escaped(c.title))
	s := c.scale()
	s.drawAxes(put)
	put(`<text class="faint" x="%d" y="%d" text-anchor="middle">%s</text>`, roomLeft+plotWidth/2, chartHeight-16, escaped(c.x))
	put(`<text class="faint" x="%d" y="%d" text-anchor="end">%s</text>`, roomLeft-8, roomAbove-18, escaped(c.unit))
	s.drawPoints(put, c.points)
	put(`</svg>`)
	return b.String()
}

// scale turns sizes and figures into places.
type scale struct {
	decades [2]int // the axis goes from 10 to the one to 10 to the other
	top     float64
	step    float64
}

// scale makes room for all points: whole decades, and figures from 0.
func (c chart) scale() (s scale) {
	low, high, top := math.Inf(1), math.Inf(-1), 0.0
	for _, p := range c.points {
		low, high, top = min(low, p.X), max(high, p.X), max(top, p.Y)
	}
	s.decades = [2]int{int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))}
	if s.decades[0] == s.decades[1] {
		s.decades[1]++
	}
	s.step = stepFor(top)
	s.top = s.step * max(1, math.Ceil(top/s.step))
	return s
}

// stepFor is the smallest of 1, 2 and 5 times a power of ten that reaches the top in
// yTicks steps.
func stepFor(top float64) float64 {
	if top <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(top/yTicks)))
	for _, times := range []float64{1, 2, 5} {
		if times*power*yTicks >= top {
			return times * power
		}
	}
	return 10 * power
}

// x is where a size is, y where a figure is.
func (s scale) x(size float64) float64 {
	return roomLeft + plotWidth*(math.Log10(size)-float64(s.decades[0]))/float64(s.decades[1]-s.decades[0])
}

func (s scale) y(figure float64) float64 { return plotBottom - plotHeight*figure/s.top }

// drawAxes draws a line and its number for each step and each decade.
func (s scale) drawAxes(put func(string, ...any)) {
	for i := range int(math.Round(s.top/s.step)) + 1 {
		figure := float64(i) * s.step
		put(`<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/>`, roomLeft, s.y(figure), plotRightEnd, s.y(figure))
		put(`<text class="faint" x="%d" y="%.1f" text-anchor="end">%s</text>`, roomLeft-8, s.y(figure)+4, number(figure))
	}
	for d := s.decades[0]; d <= s.decades[1]; d++ {
		size := math.Pow10(d)
		put(`<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, s.x(size), roomAbove, s.x(size), plotBottom)
		put(`<text class="faint" x="%.1f" y="%d" text-anchor="middle">%s</text>`, s.x(size), plotBottom+20, number(size))
	}
}

// drawPoints draws the line through the points, and each with its figure above.
func (s scale) drawPoints(put func(string, ...any), points []Point) {
	places := make([]string, len(points))
	for i, p := range points {
		places[i] = fmt.Sprintf("%.1f,%.1f", s.x(p.X), s.y(p.Y))
	}
	put(`<polyline class="line" points="%s"/>`, strings.Join(places, " "))
	for i, p := range points {
		put(`<circle class="dot" cx="%.1f" cy="%.1f" r="4"/>`, s.x(p.X), s.y(p.Y))
		anchor := "middle"
		switch i { // away from the numbers of the axis, and from the edge
		case 0:
			anchor = "start"
		case len(points) - 1:
			anchor = "end"
		}
		put(`<text class="ink" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, s.x(p.X), s.y(p.Y)-10, anchor, number(p.Y))
	}
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // to memory
	return b.String()
}
