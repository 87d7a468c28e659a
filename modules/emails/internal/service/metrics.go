package service

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"app/modules/emails/internal/store"
	"app/platform/database"
)

// metrics are the module's figures. Labels are transports, outcomes and statuses: a
// handful each.
type metrics struct {
	handed   *prometheus.CounterVec
	waiting  *prometheus.GaugeVec
	oldest   prometheus.Gauge
	shut     *prometheus.GaugeVec
	withheld *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		handed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "souk_emails_letters_total", Help: "What became of letters offered: sent, failed, unknown, or queued to be tried again.",
		}, []string{"transport", "outcome"}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "souk_emails_letters", Help: "Letters by status (counted up to 10000); sent ones are left out.",
		}, []string{"status"}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "souk_emails_oldest_seconds", Help: "Age of the oldest letter that is not sent yet.",
		}),
		shut: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "souk_emails_transport_blocked", Help: "1 while the transport takes no letters at all.",
		}, []string{"transport"}),
		withheld: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "souk_emails_withheld_total", Help: "Letters that were not written: the recipient's budget is spent, or the order was never paid.",
		}, []string{"template", "reason"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.handed, m.waiting, m.oldest, m.shut, m.withheld} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics of emails: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) addHandedEmails(transport string, status store.Status, n int) {
	m.handed.WithLabelValues(transport, string(status)).Add(float64(n))
}

func (m *metrics) countOutcome(o store.Outcome) {
	label := string(o.Status)
	if o.Failure != "" {
		label = string(o.Failure)
	}
	m.handed.WithLabelValues(o.Transport, label).Inc()
}

func (m *metrics) setTransportBlocked(transport string, yes bool) {
	value := 0.0
	if yes {
		value = 1
	}
	m.shut.WithLabelValues(transport).Set(value)
}

// Measure brings the gauges up to date.
func (s *Service) Measure(ctx context.Context) error {
	return s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		b, err := store.Measure(ctx, q, s.Now())
		if err != nil {
			return err
		}
		for status, n := range b.Letters {
			s.metrics.waiting.WithLabelValues(string(status)).Set(float64(n))
		}
		s.metrics.oldest.Set(b.Oldest.Seconds())
		return nil
	})
}
