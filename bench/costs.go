package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// Cost is what one kind of work takes of a server's processor time.
type Cost struct {
	Kind  string  `json:"kind"`
	Share float64 `json:"share"` // of all samples
}

// shownCosts is how many the report names.
const shownCosts = 3

// kinds tell by the names of functions what a processor was at work for. A sample is of
// the first kind that one of its functions belongs to, from the innermost outwards; the
// runtime's own functions that are in none of them, such as copying memory, are counted
// to whoever called them.
var kinds = []struct {
	name     string
	prefixes []string
}{
	{"collecting garbage", []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.(*sweepLocked)", "runtime.gcStart", "runtime.bgscavenge"}},
	{"allocating memory", []string{"runtime.mallocgc", "runtime.growslice", "runtime.newobject", "runtime.makeslice"}},
	{"switching between goroutines", []string{
		"runtime.schedule", "runtime.findRunnable", "runtime.park_m", "runtime.mcall", "runtime.ready", "runtime.wakep", "runtime.notewakeup", "runtime.notesleep", "runtime.semrelease", "runtime.semacquire",
		"runtime.mstart", "runtime.gopreempt_m",
	}},
	{"the engine of SQLite", []string{"modernc.org/"}},
	{"database/sql", []string{"database/sql."}},
	{"system calls of the network", []string{"internal/poll.", "net.(", "syscall.", "internal/runtime/syscall"}},
	{"net/http", []string{"net/http", "bufio.", "net/textproto", "mime", "net/url"}},
	{"JSON and its validation", []string{"encoding/json", "github.com/danielgtaylor/huma", "app/platform/operation/internal/strictjson"}},
	{"the log", []string{"log/slog", "app/platform/telemetry"}},
	{"cryptography", []string{"crypto/", "golang.org/x/crypto", "app/platform/identity"}},
	{"routing and limits of the gateway", []string{"app/modules/gateway"}},
	{"the modules", []string{"app/modules/"}},
	{"events", []string{"app/platform/events"}},
	{"queueing for the database", []string{"app/platform/database"}},
	{"calls between modules", []string{"app/platform/rpc"}},
	{"the REST layer", []string{"app/platform/httpserver", "app/platform/operation", "app/platform/idempotency", "app/platform/problem", "app/platform/exchange", "app/platform/httpheader"}},
}

const (
	fileCalls = "system calls of SQLite, for its files"
	restKind  = "the rest"
)

// costsOf reads a profile of the processor and adds the samples up by their kind, the
// greatest first.
func costsOf(raw []byte) ([]Cost, error) {
	p, err := profile.Parse(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	shares, total := map[string]float64{}, 0.0
	for _, s := range p.Sample {
		v := float64(s.Value[len(s.Value)-1]) // nanoseconds
		shares[kindOf(stack(s))] += v
		total += v
	}
	var costs []Cost
	for kind, v := range shares {
		costs = append(costs, Cost{kind, v / total})
	}
	slices.SortFunc(costs, func(a, b Cost) int { return cmp.Or(cmp.Compare(b.Share, a.Share), strings.Compare(a.Kind, b.Kind)) })
	return costs, nil
}

// stack are the names of a sample's functions, the innermost first.
func stack(s *profile.Sample) (names []string) {
	for _, at := range s.Location {
		for _, line := range at.Line {
			if line.Function != nil {
				names = append(names, line.Function.Name)
			}
		}
	}
	return names
}

// kindOf judges one sample by its functions, the innermost first.
func kindOf(names []string) string {
	asks := len(names) > 0 && (strings.HasPrefix(names[0], "internal/runtime/syscall") || strings.HasPrefix(names[0], "syscall."))
	if asks && slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "modernc.org/") }) {
		return fileCalls
	}
	for _, name := range names {
		for _, k := range kinds {
			if slices.ContainsFunc(k.prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
				return k.name
			}
		}
	}
	return restKind
}

// costsInWords names the greatest costs, "" when there is no profile.
func costsInWords(costs []Cost) string {
	var words []string
	for _, c := range costs {
		if c.Kind != restKind && len(words) < shownCosts {
			words = append(words, fmt.Sprintf("%s %.0f %%", c.Kind, 100*c.Share))
		}
	}
	return strings.Join(words, ", ")
}
