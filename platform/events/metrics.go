package events

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database"
	"app/platform/events/internal/attempt"
)

// measureEvery is how old the gauges may be.
const measureEvery = 5 * time.Second

// metrics are the figures of a node. Labels are modules, destinations and consumers: a
// handful each.
type metrics struct {
	delivered, handled, duplicates, failures, dead *prometheus.CounterVec
	delay                                          *prometheus.HistogramVec
	unsent, deferred, oldest, retrying, buried     *prometheus.GaugeVec
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		delivered:  newCounterVec("delivered_total", "Events that a destination has taken over.", "module", "destination"),
		handled:    newCounterVec("handled_total", "Events whose effect is in the database.", "consumer"),
		duplicates: newCounterVec("duplicates_total", "Deliveries of events that the consumer knew already.", "consumer"),
		failures:   newCounterVec("failures_total", "Attempts that failed.", "consumer"),
		dead:       newCounterVec("died_total", "Events given up.", "consumer"),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "souk_events_delay_seconds", Help: "Time from an event to its effect.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .1, .5, 1, 5, 30, 300},
		}, []string{"consumer"}),
		unsent:   newGaugeVec("unsent", "Events that have not reached all of their destinations (counted up to 10000)."),
		deferred: newGaugeVec("owed", "Deliveries waiting for destinations that were away (counted up to 10000)."),
		oldest:   newGaugeVec("oldest_unsent_seconds", "Age of the oldest unsent event."),
		retrying: newGaugeVec("retrying", "Failed events that will be tried again (counted up to 10000)."),
		buried:   newGaugeVec("dead", "Events given up that nobody has retried (counted up to 10000)."),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.delivered, m.handled, m.duplicates, m.failures, m.dead, m.delay, m.unsent, m.deferred, m.oldest, m.retrying, m.buried} {
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

// measureOften keeps the gauges of a module up to date until ctx ends.
func (m *metrics) measureOften(ctx context.Context, module string, db *database.DB, t *attempt.Reporter) {
	for !attempt.SleepOrStop(ctx, measureEvery, nil) {
		b, err := Measure(ctx, db)
		if t.Report(ctx, err); err != nil {
			continue
		}
		m.unsent.WithLabelValues(module).Set(float64(b.Unsent))
		m.deferred.WithLabelValues(module).Set(float64(b.Owed))
		m.oldest.WithLabelValues(module).Set(b.Oldest.Seconds())
		m.retrying.WithLabelValues(module).Set(float64(b.Retrying))
		m.buried.WithLabelValues(module).Set(float64(b.Dead))
	}
}
