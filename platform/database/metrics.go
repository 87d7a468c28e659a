package database

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database/internal/engine"
)

var _ engine.Observer = (*meter)(nil)

// meter measures the writes of a database. A nil one measures nothing.
type meter struct {
	wait, commit, batch prometheus.Histogram

	labels     prometheus.Labels
	registry   prometheus.Registerer
	registered []prometheus.Collector
}

// newMeter makes souk_database_* with the module's name; a nil one without a registry.
func newMeter(r prometheus.Registerer, module string) *meter {
	if r == nil {
		return nil
	}
	labels := prometheus.Labels{"module": module}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "souk_database_" + name, Help: help, ConstLabels: labels, Buckets: buckets})
	}
	return &meter{
		labels:   labels,
		registry: r,
		wait: histogram("write_wait_seconds", "Time from a write's beginning until it had its turn (SQLite) or its connection (MySQL).",
			[]float64{1e-5, 1e-4, 5e-4, 1e-3, 5e-3, .01, .05, .1, .5, 1, 5}),
		commit: histogram("commit_seconds", "Time that a commit took to be durable.",
			[]float64{1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, .01, .025, .1, .5, 1, 5}),
		batch: histogram("commit_writes", "Writes that shared a commit.", []float64{1, 2, 4, 8, 16, 32, 64, 128}),
	}
}

// register publishes the figures, and those that stats counts.
func (m *meter) register(stats func() Stats) error {
	if m == nil {
		return nil
	}
	counter := func(name, help string, of func(Stats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "souk_database_" + name, Help: help, ConstLabels: m.labels},
			func() float64 { return float64(of(stats())) })
	}
	for _, c := range []prometheus.Collector{
		m.wait, m.commit, m.batch,
		counter("writes_total", "Writes that were committed.", func(s Stats) uint64 { return s.Writes }),
		counter("commits_total", "Commits: fewer than writes where writes shared one.", func(s Stats) uint64 { return s.Commits }),
		counter("retries_total", "Transactions that ran again: after deadlocks on MySQL, undone together with one that failed on SQLite.", func(s Stats) uint64 { return s.Retries }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "souk_database_writes_waiting", Help: "Writes that wait for their turn or a connection now.", ConstLabels: m.labels,
		}, func() float64 { return float64(stats().Waiting) }),
	} {
		if err := m.registry.Register(c); err != nil {
			m.close()
			return fmt.Errorf("register metrics of the database of %s: %w", m.labels["module"], err)
		}
		m.registered = append(m.registered, c)
	}
	return nil
}

// close takes the figures back, so that the database can be opened again.
func (m *meter) close() {
	if m == nil {
		return
	}
	for _, c := range m.registered {
		m.registry.Unregister(c)
	}
	m.registered = nil
}

// ObserveWait implements engine.Observer.
func (m *meter) ObserveWait(since time.Time) {
	if m != nil {
		m.wait.Observe(time.Since(since).Seconds())
	}
}

// ObserveCommit implements engine.Observer.
func (m *meter) ObserveCommit(since time.Time, writes int) {
	if m != nil {
		m.commit.Observe(time.Since(since).Seconds())
		m.batch.Observe(float64(writes))
	}
}
