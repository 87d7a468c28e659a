// Package metrics holds the figures of a node, its relays and its inboxes.
package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/events/backlog"
)

// Metrics are the figures of a node. Labels are modules, destinations and consumers: a
// handful each.
type Metrics struct {
	// Delivered counts what a relay has handed over.
	Delivered *prometheus.CounterVec
	// Handled, Duplicates, Failures and Died count what became of events at a consumer.
	Handled, Duplicates, Failures, Died *prometheus.CounterVec
	// Delay is the time from an event to its effect, in seconds.
	Delay *prometheus.HistogramVec

	unsent, deferred, oldest, retrying, dead *prometheus.GaugeVec
}

// New makes the metrics and registers them, where r is not nil.
func New(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		Delivered:  newCounterVec("delivered_total", "Events that a destination has taken over.", "module", "destination"),
		Handled:    newCounterVec("handled_total", "Events whose effect is in the database.", "consumer"),
		Duplicates: newCounterVec("duplicates_total", "Deliveries of events that the consumer knew already.", "consumer"),
		Failures:   newCounterVec("failures_total", "Attempts that failed.", "consumer"),
		Died:       newCounterVec("died_total", "Events given up.", "consumer"),
		Delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "souk_events_delay_seconds", Help: "Time from an event to its effect.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .1, .5, 1, 5, 30, 300},
		}, []string{"consumer"}),
		unsent:   newGaugeVec("unsent", "Events that have not reached all of their destinations (counted up to 10000)."),
		deferred: newGaugeVec("owed", "Deliveries waiting for destinations that were away (counted up to 10000)."),
		oldest:   newGaugeVec("oldest_unsent_seconds", "Age of the oldest unsent event."),
		retrying: newGaugeVec("retrying", "Failed events that will be tried again (counted up to 10000)."),
		dead:     newGaugeVec("dead", "Events given up that nobody has retried (counted up to 10000)."),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.Delivered, m.Handled, m.Duplicates, m.Failures, m.Died, m.Delay, m.unsent, m.deferred, m.oldest, m.retrying, m.dead,
	} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics of events: %w", err)
		}
	}
	return m, nil
}

func newCounterVec(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "souk_events_" + name, Help: help}, labels)
}

func newGaugeVec(name, help string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "souk_events_" + name, Help: help}, []string{"module"})
}

// SetBacklog brings the gauges of a module up to date.
func (m *Metrics) SetBacklog(module string, c backlog.Counts) {
	m.unsent.WithLabelValues(module).Set(float64(c.Unsent))
	m.deferred.WithLabelValues(module).Set(float64(c.Deferred))
	m.oldest.WithLabelValues(module).Set(c.Oldest.Seconds())
	m.retrying.WithLabelValues(module).Set(float64(c.Retrying))
	m.dead.WithLabelValues(module).Set(float64(c.Dead))
}
