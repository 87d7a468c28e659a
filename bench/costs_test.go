package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack []string // the innermost first
		want  string
	}{
		"OwnCode":             {[]string{"app/modules/orders/internal/service.(*Service).order", "net/http.(*conn).serve"}, "the modules"},
		"CopiesForTheCaller":  {[]string{"runtime.memmove", "modernc.org/sqlite/lib._sqlite3VdbeExec", "app/modules/orders"}, "the engine of SQLite"},
		"CallsForFiles":       {[]string{"internal/runtime/syscall/linux.Syscall6", "syscall.Syscall", "modernc.org/libc.Xpwrite64", "app/platform/database"}, fileCalls},
		"CallsForTheNetwork":  {[]string{"internal/runtime/syscall/linux.Syscall6", "syscall.write", "internal/poll.(*FD).Write", "net/http.(*conn).serve"}, "system calls of the network"},
		"AllocatesForSQLite":  {[]string{"runtime.mallocgc", "modernc.org/sqlite.(*conn).step"}, "allocating memory"},
		"CollectsInAllocates": {[]string{"runtime.scanObject", "runtime.gcAssistAlloc", "runtime.mallocgc", "app/modules/orders"}, "collecting garbage"},
		"Unknown":             {[]string{"runtime.sysmon"}, restKind},
		"Nothing":             {nil, restKind},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := kindOf(c.stack); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestCostsOf(t *testing.T) {
	t.Parallel()
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}}}
	for i, name := range []string{"modernc.org/sqlite/lib._sqlite3VdbeExec", "net/http.(*conn).serve", "runtime.sysmon"} {
		f := &profile.Function{ID: uint64(i + 1), Name: name}
		at := &profile.Location{ID: uint64(i + 1), Line: []profile.Line{{Function: f}}}
		p.Function, p.Location = append(p.Function, f), append(p.Location, at)
		p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{at}, Value: []int64{1, []int64{60, 30, 10}[i]}})
	}
	var raw bytes.Buffer
	if err := p.Write(&raw); err != nil {
		t.Fatal(err)
	}
	costs, err := costsOf(raw.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := []Cost{{"the engine of SQLite", 0.6}, {"net/http", 0.3}, {restKind, 0.1}}
	if diff := cmp.Diff(want, costs); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if words := costsInWords(costs); words != "the engine of SQLite 60 %, net/http 30 %" {
		t.Errorf("in words: %q", words)
	}
	if _, err := costsOf([]byte("no profile")); err == nil {
		t.Error("read what is no profile")
	}
}

// A profile that is kept says nothing of the machine's folders.
func TestAnywhere(t *testing.T) {
	t.Parallel()
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}},
		Mapping:    []*profile.Mapping{{ID: 1, File: "/home/ada/souk/bench/out/run-1/app"}},
	}
	var raw bytes.Buffer
	if err := p.Write(&raw); err != nil {
		t.Fatal(err)
	}
	kept, err := anywhere(raw.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	again, err := profile.Parse(bytes.NewReader(kept))
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Mapping) != 1 || again.Mapping[0].File != "app" {
		t.Errorf("%+v", again.Mapping)
	}
}
