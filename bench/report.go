package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Report is everything measured on one machine; a run of a few rows or curves replaces
// these and keeps the others.
type Report struct {
	Machine    Machine    `json:"machine"`
	Durability Durability `json:"durability"`
	Results    []Result   `json:"results"`
	Growth     []Curve    `json:"growth,omitempty"`
}

// Result is one row.
type Result struct {
	Row     int       `json:"row"`
	Work    string    `json:"work"`
	Figures []Figure  `json:"figures"`
	Costs   []Cost    `json:"costs,omitempty"`  // what the server's processor was at work for
	Missed  string    `json:"missed,omitempty"` // why a bar is not met
	Error   string    `json:"error,omitempty"`  // why the row could not be measured
	Note    string    `json:"note,omitempty"`
	Busy    float64   `json:"busy"` // share of the processors that others took before the row began
	At      time.Time `json:"at"`
	Commit  string    `json:"commit"`
}

// OK reports whether the row was measured and meets its bars.
func (r Result) OK() bool {
	return r.Error == "" && !slices.ContainsFunc(r.Figures, func(f Figure) bool { return !f.Met() })
}

// loadReport reads an earlier report, or begins a new one when there is none from a
// machine like this.
func loadReport(dir string, m Machine) (*Report, error) {
	var r Report
	raw, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return &Report{Machine: m}, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("read the last report: %w", err)
	}
	if r.Machine != m {
		return &Report{Machine: m}, nil
	}
	return &r, nil
}

// put adds a result, in place of an earlier one of the same row.
func (r *Report) put(result Result) {
	r.Results = slices.DeleteFunc(r.Results, func(old Result) bool { return old.Row == result.Row })
	r.Results = append(r.Results, result)
	slices.SortFunc(r.Results, func(a, b Result) int { return a.Row - b.Row })
}

// explain says of the rows that miss a bar why, in the words of today.
func (r *Report) explain() {
	for i := range r.Results {
		result := &r.Results[i]
		result.Missed = ""
		at := slices.IndexFunc(rows, func(one row) bool { return one.number == result.Row })
		if at >= 0 && !result.OK() {
			result.Missed = rows[at].missed
		}
	}
}

// save writes report.json and report.md.
func (r *Report) save(dir string) error {
	r.explain()
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	var page strings.Builder
	r.markdown(&page)
	for name, text := range map[string]string{"report.json": string(raw) + "\n", "report.md": page.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	return nil
}

const preface = `# What it costs

Written by ` + "`make bench`" + `; bench/README.md says how each row is measured. Figures of processor time are the smallest of
their rounds, which is what a noisy neighbour spoils least. What the processor was at work for is added up from the profiles in [profiles](profiles).

`

// markdown writes the report for people.
func (r *Report) markdown(w io.Writer) {
	m := r.Machine
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) } // to memory
	put("%s%s, %d cores, %s memory, %s, %s. %s.\n\n", preface, m.Processor, m.Cores, m.Memory, m.System, m.Go, r.Durability)
	put("| row | work | figure | bar | ours | |\n|---|---|---|---|---|---|\n")
	for _, result := range r.Results {
		row, work := fmt.Sprint(result.Row), result.Work
		for _, f := range result.Figures {
			put("| %s | %s | %s | %s | %s | %s |\n", row, work, f.Name, f.Wanted(), f.Ours(), f.Verdict())
			row, work = "", ""
		}
		if result.Error != "" {
			put("| %s | %s | | | | not measured |\n", row, work)
		}
	}
	r.growth(put)
	put("\n## Notes\n\n")
	for _, result := range r.Results {
		result.notes(put)
	}
}

// notes writes what does not fit into the table.
func (r Result) notes(put func(format string, args ...any)) {
	put("- Row %d, %s, commit %s; before it began others took %.0f %% of the processors.", r.Row, r.At.UTC().Format("2006-01-02 15:04"), r.Commit, 100*r.Busy)
	if r.Note != "" {
		put(" %s", r.Note)
	}
	if r.Error != "" {
		put(" Not measured: %s", strings.ReplaceAll(r.Error, "\n", " "))
	}
	put("\n")
	if words := costsInWords(r.Costs); words != "" {
		put("  - The server's processor time goes to: %s.\n", words)
	}
	if r.Missed != "" {
		put("  - Why the bar is missed: %s\n", r.Missed)
	}
	for _, f := range r.Figures {
		if f.Note != "" {
			put("  - %s: %s\n", f.Name, f.Note)
		}
	}
}
