package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"app/e2e/harness/invariants"
	"app/e2e/harness/process"
	"app/e2e/harness/shop"
	"app/platform/database/dbtest"
	"app/platform/events/rabbit/rabbittest"
)

// shape is a shop that is measured, with everything that works for it.
type shape struct {
	*traffic
	name string         // of the account of its latencies
	pids map[string]int // by account
}

// BenchmarkApart sends the same traffic to a shop in one process and to one with a
// process for each module, in turns, and reads what each takes.
func BenchmarkApart(b *testing.B) {
	maria, broker := dbtest.Start(b), rabbittest.Start(b)
	split, durable := openApart(b, maria, broker)
	shapes := []*shape{openOne(b), split}
	for _, s := range shapes {
		s.warm(b)
	}
	part := func(name string, run func(s *shape, b *testing.B)) {
		b.Run(name, func(b *testing.B) {
			for _, s := range shapes {
				run(s, b)
			}
			durable(b)
		})
	}
	b.Run(apartRest, func(b *testing.B) {
		atRest(b, shapes)
		durable(b)
	})
	for range rounds {
		part(apartRound, (*shape).round)
	}
	part(apartAfter, (*shape).after)
}

// openOne starts the shop in one process, from a copy of the program: pages of one file
// would be counted to all processes.
func openOne(b *testing.B) *shape {
	b.Helper()
	program, err := os.ReadFile(shop.Binary(b))
	if err != nil {
		b.Fatal(err)
	}
	h := &bench{work: b.TempDir(), binary: filepath.Join(b.TempDir(), "app")}
	if err := os.WriteFile(h.binary, program, 0o700); err != nil {
		b.Fatal(err)
	}
	m, err := h.openMarket(context.Background(), "") // it outlives the test's own, which ends before the clean-up
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := m.close(); err != nil {
			b.Error(err)
		}
	})
	return &shape{name: oneAccount, traffic: trafficOf(b, m), pids: map[string]int{oneAccount: m.PID()}}
}

// openApart starts a process for each module. durable reports what the servers promise,
// which is read back after the first orders.
func openApart(b *testing.B, maria *dbtest.Server, broker *rabbittest.Server) (s *shape, durable func(*testing.B)) {
	b.Helper()
	env := maps.Clone(usual)
	maps.Copy(env, unreached)
	running := shop.OpenOn(b, maria, broker, env)
	settings, err := assertMariaDB(b.Context(), running.Database(b, "orders"))
	if err != nil {
		b.Fatal(err)
	}
	m := &market{server: &server{url: running.Base, address: strings.TrimPrefix(running.Base, "http://")}}
	if m.dbs, err = invariants.Open("", running.Databases); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = m.dbs.Close() }) // its errors were those of the statements
	if err := m.fill(b.Context()); err != nil {
		b.Fatal(err)
	}
	s = &shape{name: splitAccount, traffic: trafficOf(b, m), pids: map[string]int{mariaApart: maria.PID(b), rabbitApart: broker.PID(b)}}
	for _, p := range running.Parts {
		s.pids[soukApart+p.Name] = p.PID()
	}
	confirmed := broker.Durable(b, running.Broker)
	return s, func(b *testing.B) {
		confirmed.Report(b)
		reportAll(b, settings)
	}
}

func reportAll(b *testing.B, values map[string]float64) {
	for unit, value := range values {
		b.ReportMetric(value, unit)
	}
}

func trafficOf(b *testing.B, m *market) *traffic {
	b.Helper()
	t, err := m.traffic(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// warm is a short round that nobody counts.
func (s *shape) warm(b *testing.B) {
	b.Helper()
	if err := s.prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	if o := s.run(b.Context(), apartRate, apartWarm); o.Failed > 0 {
		b.Fatalf("%s: %d requests failed: %v", s.name, o.Failed, o.Err)
	}
	s.rest(b)
}

// rest waits until nothing is to be done.
func (s *shape) rest(b *testing.B) {
	b.Helper()
	if err := s.settle(b.Context(), int(s.orders.Load())); err != nil {
		b.Fatalf("%s: %v", s.name, err)
	}
}

// atRest reads what the shops take while nobody asks for anything.
func atRest(b *testing.B, shapes []*shape) {
	b.Helper()
	before := make([]map[string]time.Duration, len(shapes))
	for i, s := range shapes {
		before[i] = s.cpu(b)
	}
	begun := time.Now()
	if err := pause(b.Context(), memoryAge); err != nil {
		b.Fatal(err)
	}
	for i, s := range shapes {
		for account, after := range s.cpu(b) {
			b.ReportMetric(millis(after-before[i][account])/time.Since(begun).Seconds(), account+"-ms")
		}
	}
}

// round is one round of the traffic, from rest to rest.
func (s *shape) round(b *testing.B) {
	b.Helper()
	if err := s.prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	before := s.cpu(b)
	o := s.run(b.Context(), apartRate, mixedTime)
	if err := errors.Join(o.Err, context.Cause(b.Context())); err != nil {
		b.Fatalf("%s: %d requests failed: %v", s.name, o.Failed, err)
	}
	s.rest(b)
	for account, after := range s.cpu(b) {
		b.ReportMetric(micros(after-before[account])/float64(o.Done), account+"-us")
	}
	b.ReportMetric(o.Rate(), s.name+achievedUnit)
	b.ReportMetric(millis(o.Latency(0.5)), s.name+"-p50-ms")
	b.ReportMetric(millis(o.Latency(0.99)), s.name+"-p99-ms")
}

// after reads the memory and checks that the shop has kept what it promised.
func (s *shape) after(b *testing.B) {
	b.Helper()
	for account, pid := range s.pids {
		bytes, err := process.ShareOf(pid)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(megabytes(bytes), account+"-MB")
	}
	if err := s.verify(b.Context()); err != nil {
		b.Fatalf("%s: %v", s.name, err)
	}
}

// cpu is what has been used so far, by account.
func (s *shape) cpu(b *testing.B) map[string]time.Duration {
	b.Helper()
	used := map[string]time.Duration{}
	for account, pid := range s.pids {
		var err error
		if used[account], err = process.CPUOf(pid); err != nil {
			b.Fatal(err)
		}
	}
	return used
}
