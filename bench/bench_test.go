package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseBench(t *testing.T) {
	t.Parallel()
	const out = `goos: linux
cpu: Some Processor
BenchmarkPlace/local-2         	  189584	      6883 ns/op	    5528 B/op
BenchmarkGroupCommit/callers=64-2        	   45368	     60986 ns/op	     16397 tx/s
BenchmarkLatency/rate=2000
PASS
`
	got, err := parseBench(out)
	if err != nil {
		t.Fatal(err)
	}
	want := []sample{
		{"BenchmarkPlace/local", map[string]float64{"ns/op": 6883, "B/op": 5528}},
		{"BenchmarkGroupCommit/callers=64", map[string]float64{"ns/op": 60986, "tx/s": 16397}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sample{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := parseBench("BenchmarkX 10 fast ns/op"); err == nil {
		t.Error("no error for a value that is not a number")
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		figure Figure
		want   string
	}{
		"Met":          {Figure{Value: 40, Bar: atMost(40)}, "met"},
		"TooMuch":      {Figure{Value: 50, Bar: atMost(40)}, "missed by 25 %"},
		"TooLittle":    {Figure{Value: 750, Bar: atLeast(1000)}, "missed by 25 %"},
		"Enough":       {Figure{Value: 1001, Bar: atLeast(1000)}, "met"},
		"NothingAsked": {Figure{Value: 1}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tc.figure.Verdict(); got != tc.want {
				t.Errorf("Verdict = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64]string{0: "0", 0.47612: "0.476", 6.4812: "6.48", 123.45: "123", 999: "999", 1000: "1,000", 33603.4: "33,603", 1234567: "1,234,567"} {
		if got := number(value); got != want {
			t.Errorf("number(%v) = %q, want %q", value, got, want)
		}
	}
}

func TestFileSystem(t *testing.T) {
	t.Parallel()
	const mounts = "/dev/sda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/sdb /tmp/disk xfs rw 0 0\n"
	for path, want := range map[string]string{"/home/ada": "ext4", "/tmp/x": "tmpfs", "/tmp/disk/x": "xfs", "/tmpfile": "ext4", "/": "ext4"} {
		if got := fileSystem(mounts, path); got != want {
			t.Errorf("fileSystem(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	machine := Machine{Processor: "Some Processor", Cores: 2}
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	t.Run("RunOfOneRowKeepsTheOthers", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		for _, result := range []Result{{Row: 7, Work: "old", At: at}, {Row: 2, Work: "two", At: at}, {Row: 7, Work: "new", At: at}} {
			r, err := loadReport(dir, machine)
			if err != nil {
				t.Fatal(err)
			}
			r.put(result)
			if err := r.save(dir); err != nil {
				t.Fatal(err)
			}
		}
		got, err := loadReport(dir, machine)
		if err != nil {
			t.Fatal(err)
		}
		want := []Result{{Row: 2, Work: "two", At: at}, {Row: 7, Work: "new", At: at}}
		if diff := cmp.Diff(want, got.Results); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
	t.Run("AnotherMachineBeginsAnew", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := (&Report{Machine: machine, Results: []Result{{Row: 7}}}).save(dir); err != nil {
			t.Fatal(err)
		}
		r, err := loadReport(dir, Machine{Processor: "Another"})
		if err != nil || len(r.Results) != 0 {
			t.Errorf("loadReport: %v, %v, want no results", r, err)
		}
	})
	t.Run("SaysWhatIsMissedAndWhatIsNotMeasured", func(t *testing.T) {
		t.Parallel()
		var page strings.Builder
		(&Report{Machine: machine, Results: []Result{
			{Row: 1, Work: "read", Figures: []Figure{{Name: "time", Unit: "us", Value: 50, Bar: atMost(40)}}},
			{Row: 8, Work: "checkout", Error: "no shop"},
		}}).markdown(&page)
		for _, want := range []string{"| 1 | read | time | ≤ 40 us | 50 us | missed by 25 % |\n", "| 8 | checkout | | | | not measured |\n", "Not measured: no shop"} {
			if !strings.Contains(page.String(), want) {
				t.Errorf("no %q in\n%s", want, page.String())
			}
		}
	})
}

func TestTimes(t *testing.T) {
	t.Parallel()
	idle, total := times("cpu  10 20 30 400 50 6 7 8 1000 1000\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
	if idle != 450 || total != 531 {
		t.Errorf("idle %d of %d, want 450 of 531", idle, total)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	got, err := choose("7,footprint")
	if err != nil || len(got) != 2 || got[0].number != 7 || got[1].number != 11 {
		t.Errorf("choose: %v, %v", got, err)
	}
	if all, err := choose(""); err != nil || len(all) != len(rows) {
		t.Errorf("choose all: %d rows, %v", len(all), err)
	}
	if _, err := choose("72"); err == nil {
		t.Error("no error for a row that does not exist")
	}
}

func TestAssertDurable(t *testing.T) {
	t.Parallel()
	dir := onDisk(t)
	if kind := fileSystem(content("/proc/self/mounts"), dir); kind == "tmpfs" {
		t.Skip("the files of the project are in memory here, which the benchmarks are right to refuse")
	}
	d, err := assertDurable(t.Context(), dir)
	if err != nil || d.Synchronous != "FULL" || d.Sync <= 0 {
		t.Errorf("assertDurable: %+v, %v", d, err)
	}
}

// onDisk makes a folder where the benchmarks make theirs: temporary files may be in
// memory.
func onDisk(t *testing.T) string {
	t.Helper()
	if err := os.MkdirAll("out", 0o700); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("out", "test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // git does not see it
	if dir, err = filepath.Abs(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}
