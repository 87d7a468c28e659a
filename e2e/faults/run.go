package faults

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app/e2e/invariants"
)

// Run carries the plan of a seed out. When something does not hold, the test fails with the plan, what was done when, and the
// name of a folder that keeps logs, requests and tables. It returns false then.
func Run(t testing.TB, servers Servers, seed uint64, checkouts int) bool {
	t.Helper()
	plan := Draw(seed, Around(), checkouts)
	dir, err := os.MkdirTemp("", fmt.Sprintf("souk-faults-%d-", seed))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	a := &act{t: t, plan: plan, dir: dir}
	summary := a.play(t.Context(), servers)
	if !t.Failed() {
		t.Logf("SEED=%d ok in %s: %s", seed, time.Since(begun).Round(time.Second), summary)
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
		return true
	}
	story := plan.String() + "\nwhat was done, and when:\n  " + strings.Join(a.happened, "\n  ")
	if err := os.WriteFile(filepath.Join(dir, "plan.txt"), []byte(story), 0o600); err != nil {
		t.Error(err)
	}
	t.Errorf("SEED=%d failed after %s: %s\n%s\nlogs, requests and tables are kept in %s", seed, time.Since(begun).Round(time.Second), summary, story, dir)
	return false
}

// act is one run.
type act struct {
	t        testing.TB
	plan     Plan
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
	if err := w.awaitReady(ctx); err == nil {
		err = r.prepare(ctx)
	}
	if err != nil {
		a.t.Errorf("open the shop: %v", err)
		return ""
	}
	began := time.Now()
	a.rush(ctx, w, r)
	loaded := time.Since(began)
	a.settle(ctx, w, r)
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

// settle waits until the shop has come to rest, and judges.
func (a *act) settle(ctx context.Context, w *world, r *rush) {
	if err := w.awaitReady(ctx); err != nil {
		a.t.Errorf("after all was mended: %v", err)
	}
	dbs, err := invariants.Open("", w.databases)
	if err != nil {
		a.t.Error(err)
		return
	}
	defer func() { _ = dbs.Close() }() // they were only read
	a.check(ctx, dbs, r)
	if !a.t.Failed() {
		r.askAgain(ctx)
		if err := r.finish(ctx, dbs); err != nil {
			a.t.Error(err)
		}
		a.check(ctx, dbs, r) // asking has changed nothing
	}
	wrong, err := r.judge(ctx, dbs)
	if err != nil {
		a.t.Errorf("judge: %v", err)
	}
	for _, line := range append(wrong, w.panics()...) {
		a.t.Error(line)
	}
	if err := r.err(); err != nil {
		a.t.Error(err)
	}
	if a.t.Failed() {
		if err := keep(ctx, dbs, a.dir); err != nil {
			a.t.Error(err)
		}
	}
}

func (a *act) check(ctx context.Context, dbs invariants.Databases, r *rush) {
	found, err := r.rest(ctx, dbs, a.t.Logf)
	if err != nil {
		a.t.Errorf("check: %v", err)
	}
	for i, v := range found {
		if i == 40 {
			a.t.Errorf("and %d more", len(found)-i)
			break
		}
		a.t.Error(v)
	}
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
