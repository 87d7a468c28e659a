// Command mutations proves that the tests can fail. Each patch beside it breaks one
// rule that the shop stands on and names the tests that hold the rule; a patch that
// those tests let pass has survived, and is a hole in the suite.
//
//	go run ./e2e/mutations            every patch, against the files as they are
//	go run ./e2e/mutations -only 05   one of them
//	go run ./e2e/mutations -rev HEAD  against a commit
//
// To write a patch, break the rule in the working tree, keep "git diff -U1" under the
// two header lines that type mutation describes, and take the change back. Choose a
// test that fails every time, not one that may catch the fault by chance.
//
// Nothing is changed in the working tree: the patches are applied to a copy in a
// temporary folder. The exit code is 1 when a mutation survives and also when one
// proves nothing: it no longer applies, does not compile, or its tests fail without it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	only := flag.String("only", "", "run the patches whose names begin so, as in 05,4")
	rev := flag.String("rev", "", "mutate this commit instead of the working files")
	dir := flag.String("patches", "e2e/mutations", "the folder of the patches")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := realMain(ctx, *dir, *only, *rev); err != nil {
		fmt.Fprintln(os.Stderr, "mutations:", err)
		stop()
		os.Exit(1)
	}
}

func realMain(ctx context.Context, dir, only, rev string) error {
	mutations, err := readAll(os.DirFS(dir), only)
	if err != nil {
		return err
	}
	tree, err := copyTree(ctx, ".", rev)
	if err != nil {
		return err
	}
	defer tree.remove()
	sound := baseline(ctx, tree, mutations)
	t := tally{}
	for _, m := range mutations {
		for _, r := range mutate(ctx, tree, m, sound) {
			t[r.outcome]++
			r.print()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	fmt.Println()
	fmt.Println(t)
	return t.verdict()
}

// baseline runs every named test once without a mutation. A test that fails by itself
// kills nothing.
func baseline(ctx context.Context, tree *tree, mutations []mutation) map[string]report {
	sound := map[string]report{}
	for _, m := range mutations {
		for _, c := range m.expect {
			if _, known := sound[c.String()]; known || ctx.Err() != nil {
				continue
			}
			r := c.run(ctx, tree.dir)
			sound[c.String()] = r
			fmt.Printf("unmutated  %-9s %6.1fs  %s\n", r.unmutated(), r.took.Seconds(), c)
		}
	}
	fmt.Println()
	return sound
}

// mutate applies one patch, asks its tests, and takes it back.
func mutate(ctx context.Context, tree *tree, m mutation, sound map[string]report) (results []result) {
	restore, err := tree.apply(ctx, m.patch, m.files())
	if err != nil {
		return []result{{m, "", "STALE", 0, "the patch no longer applies: the code that it breaks has moved or changed; write it anew\n" + err.Error()}}
	}
	defer func() {
		if err := restore(); err != nil {
			panic(err) // what follows would run on a tree that nobody wrote
		}
	}()
	if err := tree.build(ctx, m.packages()); err != nil {
		return []result{{m, "", "NO BUILD", 0, "a mutation that does not compile proves nothing\n" + err.Error()}}
	}
	for _, c := range m.expect {
		results = append(results, ask(ctx, tree, m, c, sound[c.String()]))
	}
	return results
}

func ask(ctx context.Context, tree *tree, m mutation, c command, before report) result {
	switch before.unmutated() {
	case "skipped":
		return result{m, c.String(), "skipped", 0, "its test was skipped: is MariaDB installed?"}
	case "passed":
		r := c.run(ctx, tree.dir)
		out, why := r.mutated()
		return result{m, c.String(), out, r.took, why}
	default:
		return result{m, c.String(), "NO PROOF", 0, "its test does not pass without the mutation\n" + before.tail()}
	}
}

// result is one line of the table.
type result struct {
	mutation
	test    string
	outcome string
	took    time.Duration
	why     string
}

func (r result) print() {
	fmt.Printf("%-9s  %-44s %6.1fs  %s\n", r.outcome, r.name, r.took.Seconds(), r.test)
	if r.why != "" {
		fmt.Printf("           %s\n           %s\n", "rule: "+r.breaks, strings.ReplaceAll(strings.TrimSpace(r.why), "\n", "\n           "))
	}
}

// tally counts outcomes.
type tally map[string]int

var outcomes = []string{"killed", "SURVIVED", "STALE", "NO BUILD", "NO PROOF", "TIMED OUT", "skipped"}

func (t tally) String() string {
	var parts []string
	for _, o := range outcomes {
		if t[o] > 0 || o == "killed" || o == "SURVIVED" {
			parts = append(parts, fmt.Sprintf("%d %s", t[o], o))
		}
	}
	return strings.Join(parts, ", ")
}

func (t tally) verdict() error {
	bad := 0
	for o, n := range t {
		if o != "killed" && o != "skipped" {
			bad += n
		}
	}
	switch {
	case bad > 0:
		return fmt.Errorf("%d of the proofs failed", bad)
	case t["killed"] == 0:
		return errors.New("nothing was proven")
	}
	return nil
}
