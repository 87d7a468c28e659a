package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app/e2e/harness/invariants"
)

// Options of a run; only the seed has no default.
type Options struct {
	Seed uint64
	// Checkouts is how many carts are checked out, Checkouts when 0.
	Checkouts int
	// Rest is how long the shop may take to come to rest once everything works again,
	// leases, back-offs and all; two minutes when 0.
	Rest time.Duration
	// Dir is where the folder of a run that failed is kept, the system's folder for
	// temporary files when empty.
	Dir string
	// Quiet leaves the faults out.
	Quiet bool
	// Sabotage, when not nil, does something to the databases before the shop is
	// judged, to see whether that is noticed.
	Sabotage func(ctx context.Context, dbs map[string]string) error
}

// Run carries the plan of a seed out. When something does not hold, the test fails with
// the plan, what was done when, and the name of a folder that keeps logs, requests and
// tables.
func Run(t testing.TB, servers Servers, o Options) {
	t.Helper()
	if o.Checkouts == 0 {
		o.Checkouts = Checkouts
	}
	if o.Rest == 0 {
		o.Rest = 2 * time.Minute
	}
	plan := Draw(o.Seed, Around(), o.Checkouts)
	if o.Quiet {
		plan.Faults = nil
	}
	dir, err := os.MkdirTemp(o.Dir, fmt.Sprintf("souk-faults-%d-", o.Seed))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	a := &act{t: t, Options: o, plan: plan, dir: dir}
	summary := a.play(t.Context(), servers)
	took := time.Since(begun).Round(time.Second)
	if !t.Failed() {
		t.Logf("SEED=%d holds, in %s: %s", o.Seed, took, summary)
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
		return
	}
	story := plan.String() + "\nwhat was done, and when:\n  " + strings.Join(a.happened, "\n  ")
	if err := os.WriteFile(filepath.Join(dir, "plan.txt"), []byte(story), 0o600); err != nil {
		t.Error(err)
	}
	t.Errorf("SEED=%d failed after %s: %s\n%s\nlogs, requests and tables are kept in %s", o.Seed, took, summary, story, dir)
}

// act is one run.
type act struct {
	Options
	t        testing.TB
	plan     *Plan
	dir      string
	happened []string
}

// play does everything and returns what it was, in numbers.
func (a *act) play(ctx context.Context, servers Servers) string {
	w, err := openWorld(a.t, servers, a.plan, a.dir)
	if err != nil {
		a.t.Error(err)
		return ""
	}
	defer w.close()
	log, err := newRecord(filepath.Join(a.dir, "requests.jsonl"))
	if err != nil {
		a.t.Error(err)
		return ""
	}
	defer log.close()
	r := newRush(a.plan, w, log)
	if err = w.awaitReady(ctx); err == nil {
		err = r.prepare(ctx)
	}
	if err != nil {
		a.t.Errorf("open the shop: %v", err)
		return ""
	}
	began := time.Now()
	a.rush(ctx, w, r)
	loaded := time.Since(began)
	if err := a.settle(ctx, w, r); err != nil {
		a.t.Error(err)
	}
	return fmt.Sprintf("%d orders and %d refusals in %s, at rest after %s more; %d requests, %d without an answer or with a 5xx",
		len(r.purchases())-int(r.refused.Load()), r.refused.Load(), loaded.Round(100*time.Millisecond),
		(time.Since(began) - loaded).Round(100*time.Millisecond), len(log.all()), failed(log.all()))
}

// rush lets buyers and faults loose together.
func (a *act) rush(ctx context.Context, w *world, r *rush) {
	n := newNemesis(a.t, w)
	mischief, closing := make(chan struct{}), make(chan struct{})
	office := make(chan struct{})
	go func() {
		defer close(mischief)
		n.run(ctx, a.plan.Faults, func() int { return int(r.done.Load()) })
	}()
	go func() {
		defer close(office)
		r.work(ctx, closing)
	}()
	r.run(ctx)
	<-mischief
	close(closing)
	<-office
	a.happened = n.happened()
}

// settle waits until the shop has come to rest, and judges. The error is one of
// judging.
func (a *act) settle(ctx context.Context, w *world, r *rush) error {
	if err := w.awaitReady(ctx); err != nil {
		return fmt.Errorf("after all was mended: %w", err)
	}
	dbs, err := invariants.Open("", w.databases)
	if err != nil {
		return err
	}
	defer func() { _ = dbs.Close() }() // they were only read
	if err := a.judge(ctx, w, r, dbs); err != nil {
		return err
	}
	if a.t.Failed() {
		w.quit()
		return keep(ctx, dbs, a.dir)
	}
	return nil
}

func (a *act) judge(ctx context.Context, w *world, r *rush, dbs invariants.Databases) error {
	if err := a.check(ctx, dbs, r); err != nil {
		return err
	}
	if !a.t.Failed() { // what is there no longer changes, so it can be asked about
		r.askAgain(ctx)
		if err := r.finish(ctx, dbs); err != nil {
			return err
		}
	}
	if a.Sabotage != nil {
		if err := a.Sabotage(ctx, w.databases); err != nil {
			return err
		}
	}
	if err := a.check(ctx, dbs, r); err != nil { // asking has changed nothing
		return err
	}
	wrong, err := r.judge(ctx, dbs)
	dead, unknown := r.deadLetters()
	wrong = append(wrong, dead...)
	for _, line := range append(wrong, w.panics()...) {
		a.t.Error(line)
	}
	return errors.Join(err, unknown, r.err())
}

// mostViolations bounds how many are shown.
const mostViolations = 40

func (a *act) check(ctx context.Context, dbs invariants.Databases, r *rush) error {
	if a.t.Failed() {
		return nil // waiting once is enough
	}
	found, err := r.rest(ctx, dbs, a.Rest, a.t.Logf)
	for i, v := range found {
		if i == mostViolations {
			a.t.Errorf("and %d more", len(found)-i)
			break
		}
		a.t.Error(v)
	}
	return err
}

// failed counts requests that got no answer, or one that says that something is broken.
func failed(entries []Entry) (n int) {
	for _, e := range entries {
		if e.Status == 0 || e.Status >= 500 {
			n++
		}
	}
	return n
}

// panics finds programming errors in what the processes said.
func (w *world) panics() (out []string) {
	for name := range w.units {
		raw, err := os.ReadFile(filepath.Join(w.dir, name+".log"))
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		for line := range strings.Lines(string(raw)) {
			for _, sign := range []string{"panic:", "fatal error:", "DATA RACE", "programming error", "panicked"} {
				if strings.Contains(line, sign) {
					out = append(out, name+" said: "+strings.TrimSpace(line))
				}
			}
		}
	}
	return out
}
