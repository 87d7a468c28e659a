package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// along are points of a function at sizes.
func along(f func(x float64) float64, sizes ...float64) (points []Point) {
	for _, x := range sizes {
		points = append(points, Point{X: x, Y: f(x)})
	}
	return points
}

func TestGrowth(t *testing.T) {
	t.Parallel()
	many, few := []float64{1e3, 1e5, 1e6}, []float64{1, 10, 100}
	for name, tc := range map[string]struct {
		points []Point
		want   Class
	}{
		"TheSame":                   {along(func(float64) float64 { return 60 }, many...), Constant},
		"WithinTheNoise":            {[]Point{{X: 1e3, Y: 100}, {X: 1e5, Y: 114}, {X: 1e6, Y: 91}}, Constant},
		"LessAndLess":               {[]Point{{X: 1e3, Y: 100}, {X: 1e5, Y: 50}, {X: 1e6, Y: 52}}, Constant},
		"AFallAfterARise":           {[]Point{{X: 1e3, Y: 147}, {X: 1e5, Y: 618}, {X: 1e6, Y: 65}}, Constant},
		"ARiseAfterAFall":           {[]Point{{X: 1e3, Y: 147}, {X: 1e5, Y: 50}, {X: 1e6, Y: 110}}, Worse},
		"ABitMoreThanTheNoise":      {[]Point{{X: 1e3, Y: 100}, {X: 1e5, Y: 116}, {X: 1e6, Y: 116}}, Logarithmic},
		"Logarithm":                 {along(math.Log2, many...), Logarithmic},
		"LogarithmOverAFixedPart":   {along(func(x float64) float64 { return 20 + 7*math.Log(x) }, many...), Logarithmic},
		"LogarithmFromOne":          {along(math.Log1p, few...), Logarithmic},
		"Root":                      {along(math.Sqrt, many...), Worse},
		"StraightLine":              {along(func(x float64) float64 { return x }, many...), Worse},
		"LineBehindAFixedPart":      {along(func(x float64) float64 { return 1400 + 50*x }, few...), Worse},
		"OnlyTheLastStep":           {[]Point{{X: 1e3, Y: 60}, {X: 1e5, Y: 60}, {X: 1e6, Y: 90}}, Worse},
		"TooMuchFromOneToTen":       {[]Point{{X: 1, Y: 10}, {X: 10, Y: 50}, {X: 100, Y: 60}}, Worse},
		"TwoPointsConstant":         {[]Point{{X: 10, Y: 50}, {X: 1e4, Y: 55}}, Constant},
		"TwoPointsWorse":            {[]Point{{X: 10, Y: 50}, {X: 1e4, Y: 300}}, Worse},
		"OnePoint":                  {[]Point{{X: 10, Y: 50}}, ""},
		"AFigureThatNobodyMeasured": {[]Point{{X: 10, Y: 0}, {X: 100, Y: 5}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := growth(tc.points, 0.15); got.Class != tc.want {
				t.Errorf("growth of %v is %+v, want %q", tc.points, got, tc.want)
			}
		})
	}
}

func TestGrowthPerDecade(t *testing.T) {
	t.Parallel()
	got := growth([]Point{{X: 1e3, Y: 10}, {X: 1e5, Y: 500}, {X: 1e6, Y: 80}}, 0.15)
	if got.Ratio != 8 || math.Abs(got.PerDecade-2) > 1e-9 {
		t.Errorf("eight times over three decades: %+v, want 2 per decade", got)
	}
}

func TestCurveVerdict(t *testing.T) {
	t.Parallel()
	rising := Curve{Of: "products", Points: along(func(x float64) float64 { return x }, 10, 1000)}
	rising.Growth = growth(rising.Points, 0.15)
	flat := Curve{Of: "products", Points: along(func(float64) float64 { return 3 }, 10, 1000), Reason: "It cannot be helped."}
	flat.Growth = growth(flat.Points, 0.15)
	explained := rising
	explained.Reason = "Each is read."
	for want, c := range map[string]Curve{
		"worse than logarithmic: 100 times from 10 to 1,000 products, 10 times per decade. No reason is given.": rising,
		"worse than logarithmic: 100 times from 10 to 1,000 products, 10 times per decade. Each is read.":       explained,
		"constant: 1 times from 10 to 1,000 products, 1 times per decade.":                                      flat,
		"not measured": {},
	} {
		if got := c.Verdict(); got != want {
			t.Errorf("Verdict = %q\nwant      %q", got, want)
		}
	}
}

func TestGrowthReport(t *testing.T) {
	t.Parallel()
	b := &bench{out: t.TempDir(), work: "/secret/place"}
	report := &Report{Machine: Machine{Cores: 2}, Results: []Result{{Row: 7, Work: "call"}}}
	old := Curve{Name: "read", Row: 1, Points: []Point{{X: 1, Y: 1}}}
	report.putCurve(Curve{Name: "checkout", Row: 8})
	report.putCurve(old)
	curve := Curve{Name: "read", Row: 1, Figure: "time", Unit: "us", Of: "products", At: time.Unix(0, 0), Commit: "c0ffee",
		Points: []Point{{X: 1000, Y: 60, Note: "rounds: 60, 61"}, {X: 1e6, Y: 66}}, Growth: Growth{Class: Constant, Ratio: 1.1, PerDecade: 1.03}}
	report.putCurve(curve)
	if err := b.draw(curve); err != nil {
		t.Fatal(err)
	}
	if err := report.save(b.out); err != nil {
		t.Fatal(err)
	}
	kept, err := loadReport(b.out, report.Machine)
	if err != nil || len(kept.Growth) != 2 || len(kept.Results) != 1 {
		t.Fatalf("report of %+v, %v; want the row and both curves", kept, err)
	}
	if diff := cmp.Diff(curve.Points, kept.Growth[0].Points); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	page := content(filepath.Join(b.out, "report.md"))
	for _, want := range []string{
		"\n## How cost grows\n", "| 1,000 | 60 us | 1 | rounds: 60, 61 |\n", "| 1,000,000 | 66 us | 1.1 |  |\n",
		"| 1 | time | products | constant: 1.1 times from 1,000 to 1,000,000 products, 1.03 times per decade. |\n",
		"![Row 1: time, by products](growth/read.svg)", "| 8 |  |  | not measured |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if _, err := os.Stat(filepath.Join(b.out, "growth", "read.svg")); err != nil {
		t.Errorf("the drawing that the report shows: %v", err)
	}
}

func TestStudies(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, s := range studies {
		for _, c := range s.curves {
			if named[c.Name] {
				t.Errorf("two curves would have the drawing %s", c.drawing())
			}
			named[c.Name] = true
		}
	}
	chosen, err := choose("8")
	if err != nil {
		t.Fatal(err)
	}
	if !cartStudy.concerns(chosen) || productStudy.concerns(chosen) {
		t.Error("row 8 is about carts and not about products")
	}
}
