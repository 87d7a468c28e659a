package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// command is a "go test" that a mutation must make fail.
type command []string

// limit ends a test that a mutation made wait for ever.
const limit = "-timeout=4m"

func (c command) String() string { return strings.Join(c, " ") }

func (c command) check() error {
	if len(c) < 5 || c[0] != "go" || c[1] != "test" || !slices.Contains(c, "-run") || !slices.Contains(c, "-count=1") {
		return fmt.Errorf("expected command %q: want go test ./package -run TestX -count=1", c)
	}
	return nil
}

// report is what a run of a command showed.
type report struct {
	passed, failed, skipped []string // tests
	broken                  bool     // did not compile
	timedOut                bool
	ok                      bool // exit code 0
	took                    time.Duration
	output                  []string
}

// run executes the command in a tree.
func (c command) run(ctx context.Context, dir string) report {
	start := time.Now()
	args := slices.Concat([]string{"test", "-json", "-vet=off", limit}, c[2:])
	run := exec.CommandContext(ctx, "go", args...)
	run.Dir = dir
	var said bytes.Buffer
	run.Stdout, run.Stderr = &said, &said
	err := run.Run()
	r := read(said.Bytes())
	r.ok, r.took = err == nil, time.Since(start)
	return r
}

// event is a line of "go test -json" (go doc test2json).
type event struct {
	Action, Test, Output, FailedBuild string
}

func read(said []byte) (r report) {
	for line := range bytes.Lines(said) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			r.output = append(r.output, string(line))
			continue
		}
		r = r.with(e)
	}
	return r
}

func (r report) with(e event) report {
	switch {
	case e.Action == "build-fail" || e.FailedBuild != "":
		r.broken = true
	case e.Output != "":
		r.timedOut = r.timedOut || strings.HasPrefix(e.Output, "panic: test timed out")
		r.output = append(r.output, e.Output)
	case e.Test == "":
	case e.Action == "pass":
		r.passed = append(r.passed, e.Test)
	case e.Action == "fail":
		r.failed = append(r.failed, e.Test)
	case e.Action == "skip":
		r.skipped = append(r.skipped, e.Test)
	}
	return r
}

// unmutated judges a run without a mutation: "passed", "skipped" or "FAILED".
func (r report) unmutated() string {
	switch {
	case !r.ok || r.broken || len(r.failed) > 0 || len(r.passed)+len(r.skipped) == 0:
		return "FAILED"
	case r.ranNothing():
		return "skipped"
	}
	return "passed"
}

// ranNothing reports whether every passed test is the mere parent of a skipped one.
func (r report) ranNothing() bool {
	return !slices.ContainsFunc(r.passed, func(test string) bool {
		return !slices.ContainsFunc(r.skipped, func(s string) bool { return strings.HasPrefix(s, test+"/") })
	})
}

// mutated judges a run with a mutation. Only a test that ran and failed kills: neither
// a build error nor a time-out, which a busy machine gives as well.
func (r report) mutated() (outcome, why string) {
	switch {
	case r.broken:
		return "NO BUILD", "the test does not compile\n" + r.tail()
	case r.timedOut:
		return "TIMED OUT", r.tail()
	case !r.ok && len(r.failed) > 0:
		return "killed", ""
	case r.ok:
		return "SURVIVED", "no test noticed"
	}
	return "NO PROOF", "go test failed, but no test did\n" + r.tail()
}

// tail is the end of the output.
func (r report) tail() string {
	const lines = 15
	return strings.Join(r.output[max(0, len(r.output)-lines):], "")
}
