package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Curve is how one figure grows with the size of something.
type Curve struct {
	Name   string  `json:"name"`   // of its drawing
	Row    int     `json:"row"`    // whose work it is
	Figure string  `json:"figure"` // what is measured
	Unit   string  `json:"unit"`
	Of     string  `json:"of"`    // what there is more and more of
	Noise  float64 `json:"noise"` // share by which the figure may differ from run to run
	Points []Point `json:"points"`
	// Growth is the verdict over the points, Reason why it may be worse than
	// logarithmic, "" when it should not be.
	Growth Growth `json:"growth"`
	Reason string `json:"reason,omitempty"`
	// Note says what a reader needs to judge the figures.
	Note   string    `json:"note,omitempty"`
	Error  string    `json:"error,omitempty"` // why it is not measured, or not to the end
	Busy   float64   `json:"busy"`            // share of the processors that others took before
	At     time.Time `json:"at"`
	Commit string    `json:"commit"`
}

// Point is the figure at one size.
type Point struct {
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
	Note string  `json:"note,omitempty"` // such as the other rounds
}

// study measures curves that share what has to be set up for them.
type study struct {
	curves []Curve // without points
	run    func(ctx context.Context, b *bench, add plot) error
}

// plot adds a point to the curve of that name.
type plot func(curve string, x, y float64, note string)

// studies are all of them.
var studies = []study{waitingStudy, cartStudy, productStudy}

// processorNoise and tailNoise are what two runs of the same program may differ by on a
// machine that others use too.
const (
	processorNoise = 0.15
	tailNoise      = 0.5
)

// concerns reports whether a curve of the study belongs to one of the rows.
func (s study) concerns(chosen []row) bool {
	return slices.ContainsFunc(s.curves, func(c Curve) bool {
		return slices.ContainsFunc(chosen, func(r row) bool { return r.number == c.Row })
	})
}

// grow measures how the cost of the rows grows, and saves the report after each study.
func (b *bench) grow(ctx context.Context, report *Report, chosen []row) error {
	for _, s := range studies {
		if !s.concerns(chosen) {
			continue
		}
		curves := b.study(ctx, s)
		if ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // somebody pressed Ctrl-C
		}
		for _, c := range curves {
			c.print()
			report.putCurve(c)
			if err := b.draw(c); err != nil {
				return err
			}
		}
		if err := report.save(b.out); err != nil {
			return err
		}
	}
	return nil
}

// study carries one out. What it measured before an error is kept, with the error.
func (b *bench) study(ctx context.Context, s study) []Curve {
	curves := slices.Clone(s.curves)
	share, err := busy(ctx)
	if err == nil {
		err = s.run(ctx, b, func(name string, x, y float64, note string) {
			at := slices.IndexFunc(curves, func(c Curve) bool { return c.Name == name })
			curves[at].Points = append(curves[at].Points, Point{X: x, Y: y, Note: note})
			fmt.Printf("  %s %s: %s %s (%s)\n", number(x), curves[at].Of, number(y), curves[at].Unit, curves[at].Figure)
		})
	}
	for i := range curves {
		c := &curves[i]
		c.At, c.Commit, c.Busy, c.Growth = time.Now(), b.commit(ctx), share, growth(c.Points, c.Noise)
		if err != nil {
			c.Error = strings.ReplaceAll(err.Error(), b.work, "")
		}
	}
	return curves
}

// draw writes the curve's drawing to the folder growth of the report.
func (b *bench) draw(c Curve) error {
	if len(c.Points) < 2 {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(b.out, "growth"), 0o700); err != nil {
		return fmt.Errorf("draw %s: %w", c.Name, err)
	}
	image := chart{title: c.Title(), x: c.Of, unit: c.Unit, points: c.Points}.svg()
	return os.WriteFile(filepath.Join(b.out, c.drawing()), []byte(image), 0o600) //nolint:wrapcheck // names the file
}

// drawing is where the drawing is, seen from the report.
func (c Curve) drawing() string { return "growth/" + c.Name + ".svg" }

// Title says which row's figure it is, over what.
func (c Curve) Title() string { return fmt.Sprintf("Row %d: %s, by %s", c.Row, c.Figure, c.Of) }

// Verdict says how the figure grows, and why when that is worse than it should be.
func (c Curve) Verdict() string {
	if c.Growth.Class == "" {
		return "not measured"
	}
	text := fmt.Sprintf("%s: %s times from %s to %s %s, %s times per decade", c.Growth.Class, number(c.Growth.Ratio),
		number(c.Points[0].X), number(c.Points[len(c.Points)-1].X), c.Of, number(c.Growth.PerDecade))
	switch {
	case c.Growth.Class != Worse:
		return text + "."
	case c.Reason == "":
		return text + ". No reason is given."
	}
	return text + ". " + c.Reason
}

// print writes the verdict for whoever waits for it.
func (c Curve) print() {
	fmt.Printf("%s\n  %s\n", c.Title(), c.Verdict())
	if c.Error != "" {
		fmt.Printf("  not measured: %s\n", c.Error)
	}
	fmt.Println()
}
