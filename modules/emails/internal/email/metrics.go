package email

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database"
)

// metrics are the module's figures. Labels are transports, outcomes and statuses: a
// handful each.
type metrics struct {
	handed  *prometheus.CounterVec
	waiting *prometheus.GaugeVec
	oldest  prometheus.Gauge
	shut    *prometheus.GaugeVec
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		handed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "souk_emails_letters_total", Help: "What became of e-mails offered: sent, failed, unknown, or queued to be tried again.",
		}, []string{"transport", "outcome"}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "souk_emails_letters", Help: "E-mails by status (counted up to 10000); sent ones are left out.",
		}, []string{"status"}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "souk_emails_oldest_seconds", Help: "Age of the oldest e-mail that is not sent yet.",
		}),
		shut: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "souk_emails_transport_blocked", Help: "1 while the transport takes no e-mails at all.",
		}, []string{"transport"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.handed, m.waiting, m.oldest, m.shut} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics of emails: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) addHandedEmails(transport string, status Status, n int) {
	m.handed.WithLabelValues(transport, string(status)).Add(float64(n))
}

func (m *metrics) countOutcome(o outcome) {
	m.handed.WithLabelValues(o.Transport, o.label()).Inc()
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
	b, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (backlog, error) { return readBacklog(ctx, q, s.Now()) })
	if err != nil {
		return err
	}
	for status, n := range b.byStatus {
		s.metrics.waiting.WithLabelValues(string(status)).Set(float64(n))
	}
	s.metrics.oldest.Set(b.oldest.Seconds())
	return nil
}

// backlog is what waits in the queue.
type backlog struct {
	byStatus map[Status]int // counted up to 10,000; Sent is left out
	oldest   time.Duration  // age of the oldest e-mail that is queued or being sent
}

// readBacklog counts what waits.
func readBacklog(ctx context.Context, q *database.Tx, now time.Time) (backlog, error) {
	b := backlog{byStatus: map[Status]int{}}
	for _, s := range []Status{Queued, Sending, Failed, Unknown} {
		var n int
		err := q.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM emails_letters WHERE status = ? LIMIT 10000) AS found`, s).Scan(&n)
		if err != nil {
			return b, fmt.Errorf("count e-mails: %w", err)
		}
		b.byStatus[s] = n
	}
	var oldest *int64
	err := q.QueryRow(ctx, `SELECT MIN(created_at) FROM (
		SELECT created_at FROM emails_letters WHERE status = 'queued' OR status = 'sending' LIMIT 10000) AS found`).Scan(&oldest)
	if err != nil {
		return b, fmt.Errorf("find the oldest e-mail: %w", err)
	}
	if oldest != nil {
		b.oldest = now.Sub(database.Time(*oldest))
	}
	return b, nil
}
