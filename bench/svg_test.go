package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// element is what a drawing has of one kind.
type element struct {
	attributes map[string]string
	text       string
}

// elements reads a drawing; anything that is not XML fails the test.
func elements(t *testing.T, image string) map[string][]element {
	t.Helper()
	found, open := map[string][]element{}, []string{}
	for d := xml.NewDecoder(strings.NewReader(image)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, image)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{attributes: map[string]string{}}
			for _, a := range token.Attr {
				e.attributes[a.Name.Local] = a.Value
			}
			found[token.Name.Local], open = append(found[token.Name.Local], e), append(open, token.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				all := found[open[len(open)-1]]
				all[len(all)-1].text += string(token)
			}
		}
	}
}

func (e element) number(t *testing.T, name string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(e.attributes[name], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestChart(t *testing.T) {
	t.Parallel()
	image := chart{
		title: "Reads & <writes>", x: "products", unit: "us",
		points: []Point{{X: 1000, Y: 60}, {X: 100_000, Y: 72}, {X: 1_000_000, Y: 88.25}},
	}.svg()
	found := elements(t, image)
	dots := found["circle"]
	if len(dots) != 3 {
		t.Fatalf("%d dots for 3 points", len(dots))
	}
	t.Run("XIsLogarithmic", func(t *testing.T) {
		t.Parallel()
		first, second, third := dots[0].number(t, "cx"), dots[1].number(t, "cx"), dots[2].number(t, "cx")
		if first != roomLeft || third != plotRightEnd || math.Abs((second-first)-2*(third-second)) > 0.2 {
			t.Errorf("dots at %v, %v and %v, want two decades and one from end to end", first, second, third)
		}
	})
	t.Run("YBeginsAtNothing", func(t *testing.T) {
		t.Parallel()
		// The axis ends at 100, five steps of 20.
		for i, figure := range []float64{60, 72, 88.25} {
			if want := plotBottom - plotHeight*figure/100; math.Abs(dots[i].number(t, "cy")-want) > 0.06 {
				t.Errorf("%v is at %v, want %v", figure, dots[i].number(t, "cy"), want)
			}
		}
	})
	t.Run("AxesAreNamedAndNumbered", func(t *testing.T) {
		t.Parallel()
		var texts []string
		for _, e := range found["text"] {
			texts = append(texts, e.text)
		}
		want := []string{
			"Reads & <writes>", "0", "20", "40", "60", "80", "100", "1,000", "10,000", "100,000", "1,000,000", "products", "us",
			"60", "72", "88.2",
		}
		if diff := cmp.Diff(want, texts); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
	t.Run("ReadableInDarkAndLight", func(t *testing.T) {
		t.Parallel()
		light, dark, both := strings.Cut(found["style"][0].text, "prefers-color-scheme: dark")
		for _, class := range []string{".paper{", ".ink{", ".faint{", ".grid{", ".line{", ".dot{"} {
			if !both || !strings.Contains(light, class) || !strings.Contains(dark, class) {
				t.Errorf("%s has no colour in light or in dark", class)
			}
		}
		if found["rect"][0].attributes["class"] != "paper" || found["rect"][0].attributes["width"] != "100%" {
			t.Error("no background: the page behind may have any colour")
		}
	})
	if found["title"][0].text != "Reads & <writes>" {
		t.Errorf("for those who cannot see it: %q", found["title"][0].text)
	}
}

func TestChartOfOneSize(t *testing.T) {
	t.Parallel()
	image := chart{title: "t", x: "x", points: []Point{{X: 10, Y: 0}, {X: 10, Y: 0}}}.svg()
	if strings.Contains(image, "NaN") || strings.Contains(image, "Inf") {
		t.Errorf("places that are none:\n%s", image)
	}
}

func TestStepFor(t *testing.T) {
	t.Parallel()
	for top, want := range map[float64]float64{100: 20, 88: 20, 101: 50, 5: 1, 0.3: 0.1, 1452: 500, 24000: 5000, 0: 1} {
		if got := stepFor(top); math.Abs(got-want) > want/1e6 {
			t.Errorf("stepFor(%v) = %v, want %v", top, got, want)
		}
	}
}
