package email_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	o, registry := emailstest.New(t), prometheus.NewRegistry()
	options := o.Emails.Options
	options.Metrics = registry
	s, err := email.NewService(options)
	if err != nil {
		t.Fatal(err)
	}
	o.Queue("a@example.com")
	o.Clock.Advance(time.Minute)
	if err := s.Measure(context.Background()); err != nil {
		t.Fatal(err)
	}
	o.Courier.Answer = func(email.Email) error { return emailstest.ErrLost }
	emailstest.SendDue(t, s)
	want := `
# HELP souk_emails_letters E-mails by status (counted up to 10000); sent ones are left out.
# TYPE souk_emails_letters gauge
souk_emails_letters{status="failed"} 0
souk_emails_letters{status="queued"} 1
souk_emails_letters{status="sending"} 0
souk_emails_letters{status="unknown"} 0
# HELP souk_emails_letters_total What became of e-mails offered: sent, failed, unknown, or queued to be tried again.
# TYPE souk_emails_letters_total counter
souk_emails_letters_total{outcome="unknown",transport="fake"} 1
# HELP souk_emails_oldest_seconds Age of the oldest e-mail that is not sent yet.
# TYPE souk_emails_oldest_seconds gauge
souk_emails_oldest_seconds 60
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "souk_emails_letters", "souk_emails_letters_total", "souk_emails_oldest_seconds"); err != nil {
		t.Error(err)
	}
}
