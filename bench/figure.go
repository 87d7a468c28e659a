package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Figure is one thing measured.
type Figure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	Bar   *Bar    `json:"bar,omitempty"`
	// Note says what a reader needs to judge the value, such as the other rounds.
	Note string `json:"note,omitempty"`
}

// Bar is what a value has to reach, or must not exceed.
type Bar struct {
	Limit   float64 `json:"limit"`
	AtLeast bool    `json:"at_least,omitempty"`
}

func atMost(limit float64) *Bar  { return &Bar{Limit: limit} }
func atLeast(limit float64) *Bar { return &Bar{Limit: limit, AtLeast: true} }

// Met reports whether the bar is met; a figure without a bar meets it.
func (f Figure) Met() bool {
	switch {
	case f.Bar == nil:
		return true
	case f.Bar.AtLeast:
		return f.Value >= f.Bar.Limit
	default:
		return f.Value <= f.Bar.Limit
	}
}

// Verdict is "met", by how much the bar is missed, or nothing when there is no bar.
func (f Figure) Verdict() string {
	if f.Bar == nil {
		return ""
	}
	if f.Met() {
		return "met"
	}
	return fmt.Sprintf("missed by %.0f %%", 100*math.Abs(f.Value-f.Bar.Limit)/f.Bar.Limit)
}

// Ours is the value with its unit.
func (f Figure) Ours() string { return strings.TrimSpace(number(f.Value) + " " + f.Unit) }

// Wanted is the bar with its unit.
func (f Figure) Wanted() string {
	switch {
	case f.Bar == nil:
		return ""
	case f.Bar.AtLeast:
		return "≥ " + number(f.Bar.Limit) + " " + f.Unit
	default:
		return "≤ " + number(f.Bar.Limit) + " " + f.Unit
	}
}

// number writes a value with three significant digits, or as a whole number when it is
// large, grouped by thousands.
func number(v float64) string {
	if math.Abs(v) < 1000 {
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
		return strconv.FormatFloat(rounded, 'f', -1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func micros(d time.Duration) float64  { return float64(d) / float64(time.Microsecond) }
func millis(d time.Duration) float64  { return float64(d) / float64(time.Millisecond) }
func megabytes(bytes int64) float64   { return float64(bytes) / (1 << 20) }
func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

// all lists values for a note, in the order measured.
func all(values []float64) string {
	text := ""
	for i, v := range values {
		if i > 0 {
			text += ", "
		}
		text += number(v)
	}
	return text
}
