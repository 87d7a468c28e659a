package service_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/notice"
	"app/modules/emails/internal/service"
	"app/modules/emails/internal/store"
	"app/modules/emails/internal/suppression"
	"app/modules/emails/internal/template"
	"app/modules/emails/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
)

// post is a service and its notices, and the SNS that posts them.
type post struct {
	t       *testing.T
	sns     *emailstest.SNS
	clock   *clock
	courier *courier
	*service.Service
	notices      *notice.Service
	suppressions *suppression.Service
}

func newPost(t *testing.T, db *database.DB) *post {
	t.Helper()
	c, tr := newClock(), &courier{}
	c.us.Store(database.Micros(time.Now())) // certificates are valid now
	s, sns := newService(t, db, c, tr), emailstest.NewSNS(t)
	notices, err := notice.NewService(notice.Options{
		DB: db, Now: c.Now, Logger: slog.New(slog.DiscardHandler), Verifier: &notice.Verifier{
			Topics: []string{emailstest.SNSTopic}, Source: notice.NewSource(sns.Network, c.Now), MaxAge: time.Hour, Now: c.Now,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &post{t, sns, c, tr, s, notices, &suppression.Service{DB: db}}
}

// hear posts an event.
func (p *post) hear(text string) {
	p.t.Helper()
	if err := p.notices.Take(context.Background(), p.sns.Sign(p.sns.Notification(text, p.clock.Now()))); err != nil {
		p.t.Fatal(err)
	}
}

// suppressed lists the addresses with their reasons.
func (p *post) suppressed() string {
	p.t.Helper()
	found, err := p.suppressions.List(context.Background(), suppression.Suppression{}, 100)
	if err != nil {
		p.t.Fatal(err)
	}
	var out []string
	for _, s := range found {
		out = append(out, s.Address+" "+string(s.Reason))
	}
	return strings.Join(out, ", ")
}

func (p *post) letter(id string) store.Letter {
	p.t.Helper()
	l, err := p.ByID(context.Background(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return l
}

func TestFailure34_SuppressionAddedWhileQueued(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		p := newPost(t, db)
		id, other := queue(t, p.Service, "Ada@example.com"), queue(t, p.Service, "bob@example.com")
		p.hear(emailstest.Bounce("Permanent", "ltr_elsewhere", "ada@Example.com"))
		sendDue(t, p.Service)
		if l := p.letter(id); l.Status != store.Failed || l.Failure != store.Suppressed || p.courier.took[id] != 0 {
			t.Errorf("%s %s, offered %d times", l.Status, l.Failure, p.courier.took[id])
		}
		if l := p.letter(other); l.Status != store.Sent {
			t.Errorf("another's letter is %s", l.Status)
		}
		if err := p.suppressions.Delete(context.Background(), "ada@example.com"); err != nil {
			t.Fatal(err)
		}
		if err := p.Retry(context.Background(), id, false); err != nil {
			t.Fatal(err)
		}
		if sendDue(t, p.Service); p.letter(id).Status != store.Sent || p.courier.took[id] != 1 {
			t.Errorf("afterwards it is %s, offered %d times", p.letter(id).Status, p.courier.took[id])
		}
		if err := p.suppressions.Delete(context.Background(), "ada@example.com"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("an address that is not suppressed: %v", err)
		}
	}, migrations.Files)
}

// A suppression that comes while the e-mail lies claimed, before it is offered.
func TestFailure34_SuppressionAddedWhileClaimed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		p := newPost(t, db)
		p.Workers = 1
		first := queue(t, p.Service, "ada@example.com")
		p.clock.Advance(time.Millisecond)
		second := queue(t, p.Service, "bob@example.com")
		var once sync.Once
		p.courier.send = func(l store.Letter) error {
			once.Do(func() { p.hear(emailstest.Complaint("abuse", l.ID, "bob@example.com", "ada@example.com")) })
			return nil
		}
		sendDue(t, p.Service)
		if l := p.letter(first); l.Status != store.Sent || l.Delivery != store.Complained {
			t.Errorf("the first is %s %s", l.Status, l.Delivery)
		}
		if l := p.letter(second); l.Failure != store.Suppressed || p.courier.took[second] != 0 {
			t.Errorf("the second is %s %s, offered %d times", l.Status, l.Failure, p.courier.took[second])
		}
	}, migrations.Files)
}

// Codes go to whoever asks for them in spite of a complaint, but not to a mailbox that
// does not exist.
func TestSuppressionOfCodes(t *testing.T) {
	t.Parallel()
	for report, want := range map[string]store.Status{
		emailstest.Complaint("abuse", "ltr_x", "ada@example.com"): store.Sent, emailstest.Bounce("Permanent", "ltr_x", "ada@example.com"): store.Failed,
	} {
		p := newPost(t, dbtest.Open(t, migrations.Files))
		p.hear(report)
		l, err := p.Write(context.Background(), service.Request{
			ID: "ltr_c", Template: "sign_in_code", To: "ada@example.com", Data: map[string]any{"first_name": "Ada", "code": "1", "minutes": 1},
		})
		if err != nil {
			t.Fatal(err)
		}
		if sendDue(t, p.Service); p.letter(l.ID).Status != want {
			t.Errorf("after %.40s it is %s, want %s", report, p.letter(l.ID).Status, want)
		}
	}
}

func TestFailure35_BounceNotices(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ event, want string }{
		"Permanent":      {emailstest.Bounce("Permanent", "ltr_1", "a@example.com"), "a@example.com bounce"},
		"Transient":      {emailstest.Bounce("Transient", "ltr_1", "a@example.com"), ""},
		"Undetermined":   {emailstest.Bounce("Undetermined", "ltr_1", "a@example.com"), ""},
		"Complaint":      {emailstest.Complaint("abuse", "ltr_1", "a@example.com"), "a@example.com complaint"},
		"NotSpam":        {emailstest.Complaint("not-spam", "ltr_1", "a@example.com"), ""},
		"Delivery":       {emailstest.Event("Delivery", "ltr_1"), ""},
		"UnknownEvent":   {emailstest.Event("Teleported", "ltr_1"), ""},
		"ManyRecipients": {emailstest.Bounce("Permanent", "ltr_1", "c@example.com", "b@example.com", "not an address", "a@exämple.com"), "c@example.com bounce, b@example.com bounce, a@xn--exmple-cua.com bounce"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				p := newPost(t, db)
				p.hear(tc.event)
				if got := p.suppressed(); got != tc.want {
					t.Errorf("suppressed %q, want %q", got, tc.want)
				}
			}, migrations.Files)
		})
	}
}

func TestFailure35_ReplayedNotice(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, p := context.Background(), newPost(t, db)
		body := p.sns.Sign(p.sns.Notification(emailstest.Bounce("Permanent", "ltr_1", "a@example.com"), p.clock.Now()))
		var posts sync.WaitGroup
		for range 4 { // at once
			posts.Go(func() {
				if err := p.notices.Take(ctx, body); err != nil {
					t.Error(err)
				}
			})
		}
		posts.Wait()
		if err := p.suppressions.Delete(ctx, "a@example.com"); err != nil {
			t.Fatal(err)
		}
		if err := p.notices.Take(ctx, body); err != nil || p.suppressed() != "" {
			t.Errorf("a replay suppressed %q, %v", p.suppressed(), err)
		}
		p.clock.Advance(61 * time.Minute)
		if err := p.notices.Take(ctx, body); fault.ReasonOf(err) != "notice_stale" {
			t.Errorf("after an hour: %v", err)
		}
		p.clock.Advance(24 * time.Hour)
		if err := p.notices.Forget(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
	}, migrations.Files)
}

func TestFailure35_ForgedNoticeChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPost(t, dbtest.Open(t, migrations.Files))
	m := p.sns.Notification(emailstest.Bounce("Permanent", "ltr_1", "a@example.com"), p.clock.Now())
	p.sns.Sign(m)
	for reason, change := range map[string]map[string]string{
		"topic_not_accepted": {"TopicArn": "arn:aws:sns:eu-central-1:666666666666:ses-events"},
		"signature_invalid":  {"Message": emailstest.Bounce("Permanent", "ltr_1", "victim@example.com")},
	} {
		forged := map[string]string{}
		for k, v := range m {
			forged[k] = v
		}
		for k, v := range change {
			forged[k] = v
		}
		if err := p.notices.Take(context.Background(), emailstest.Encode(forged)); fault.ReasonOf(err) != reason {
			t.Errorf("got %v, want %s", err, reason)
		}
	}
	if got := p.suppressed(); got != "" {
		t.Errorf("suppressed %s", got)
	}
}

func TestSubscriptionIsConfirmed(t *testing.T) {
	t.Parallel()
	p := newPost(t, dbtest.Open(t, migrations.Files))
	if err := p.notices.Take(context.Background(), p.sns.Sign(p.sns.Subscription(p.clock.Now()))); err != nil {
		t.Fatal(err)
	}
	foreign := p.sns.Subscription(p.clock.Now())
	foreign["TopicArn"] = "arn:aws:sns:eu-central-1:666666666666:ses-events"
	if err := p.notices.Take(context.Background(), p.sns.Sign(foreign)); fault.CodeOf(err) != fault.PermissionDenied {
		t.Errorf("a foreign topic: %v", err)
	}
	if _, confirmed, _ := p.sns.Seen(); len(confirmed) != 1 || confirmed[0] != emailstest.SNSTopic {
		t.Errorf("confirmed %v", confirmed)
	}
}

// lost makes an e-mail whose reply was lost.
func (p *post) lost() string {
	p.t.Helper()
	id := queue(p.t, p.Service, "ada@example.com")
	p.courier.send = func(store.Letter) error { return errLost }
	sendDue(p.t, p.Service)
	if got := p.letter(id).Status; got != store.Unknown {
		p.t.Fatalf("it is %s", got)
	}
	p.courier.send = nil
	return id
}

func TestFailure32_UnknownIsSettledByNotices(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		event    string // with % for the letter
		status   store.Status
		delivery store.Delivery
	}{
		"Send":        {emailstest.Event("Send", "%"), store.Sent, store.Accepted},
		"Delivery":    {emailstest.Event("Delivery", "%"), store.Sent, store.Delivered},
		"Bounce":      {emailstest.Bounce("Permanent", "%", "ada@example.com"), store.Sent, store.Bounced},
		"Complaint":   {emailstest.Complaint("abuse", "%", "ada@example.com"), store.Sent, store.Complained},
		"Reject":      {emailstest.Event("Reject", "%"), store.Failed, store.Refused},
		"Rendering":   {emailstest.Event("Rendering Failure", "%"), store.Failed, store.Refused},
		"OfAnother":   {emailstest.Event("Send", "ltr_x"), store.Unknown, store.NoNews},
		"UnknownKind": {emailstest.Event("Teleported", "%"), store.Unknown, store.NoNews},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				p := newPost(t, db)
				id := p.lost()
				p.hear(strings.ReplaceAll(tc.event, "%", id))
				if l := p.letter(id); l.Status != tc.status || l.Delivery != tc.delivery {
					t.Errorf("it is %s %s, want %s %s", l.Status, l.Delivery, tc.status, tc.delivery)
				}
				if n := sendDue(t, p.Service); n != 0 {
					t.Errorf("%d letters were sent again", n)
				}
			}, migrations.Files)
		})
	}
}

// News may come before the reply is given up for lost, and in any order.
func TestNewsComeFirst(t *testing.T) {
	t.Parallel()
	p := newPost(t, dbtest.Open(t, migrations.Files))
	id := queue(t, p.Service, "ada@example.com")
	p.courier.send = func(l store.Letter) error {
		p.hear(emailstest.Event("Delivery", l.ID))
		p.hear(emailstest.Event("Send", l.ID))
		return errLost
	}
	sendDue(t, p.Service)
	if l := p.letter(id); l.Status != store.Sent || l.Delivery != store.Delivered {
		t.Errorf("it is %s %s", l.Status, l.Delivery)
	}
}

func TestUnknownIsListedForTheOperator(t *testing.T) {
	t.Parallel()
	ctx, p := context.Background(), newPost(t, dbtest.Open(t, migrations.Files))
	id := p.lost()
	if dead, err := p.Dead(ctx, time.Hour, 10); err != nil || len(dead) != 0 {
		t.Errorf("listed at once: %v, %v", dead, err)
	}
	p.clock.Advance(2 * time.Hour)
	if dead, err := p.Dead(ctx, time.Hour, 10); err != nil || len(dead) != 1 || dead[0].ID != id {
		t.Errorf("after an hour without news: %v, %v", dead, err)
	}
	if n, err := p.RetryAll(ctx); err != nil || n != 0 {
		t.Errorf("%d unknown letters are queued again with the others, %v", n, err)
	}
	if err := p.Retry(ctx, id, false); fault.ReasonOf(err) != "not_retryable" {
		t.Errorf("queued again without being asked twice: %v", err)
	}
	if err := p.Retry(ctx, id, true); err != nil {
		t.Fatal(err)
	}
	if sendDue(t, p.Service); p.letter(id).Status != store.Sent {
		t.Errorf("it is %s", p.letter(id).Status)
	}
}

func TestSuppressionPages(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		p := newPost(t, db)
		p.hear(emailstest.Bounce("Permanent", "ltr_1", "a@example.com", "b@example.com", "c@example.com")) // at the same time
		p.clock.Advance(time.Second)
		p.hear(emailstest.Complaint("abuse", "ltr_1", "d@example.com", "a@example.com"))
		var got []string
		after := suppression.Suppression{}
		for {
			page, err := p.suppressions.List(context.Background(), after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, s := range page {
				got = append(got, s.Address+" "+string(s.Reason))
			}
			after = page[len(page)-1]
		}
		if want := "d@example.com complaint, c@example.com bounce, b@example.com bounce, a@example.com bounce"; strings.Join(got, ", ") != want {
			t.Errorf("got %v", got)
		}
	}, migrations.Files)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	set, err := template.Parse("en")
	if err != nil {
		t.Fatal(err)
	}
	c, tr, registry := newClock(), &courier{}, prometheus.NewRegistry()
	s, err := service.New(service.Options{
		DB: dbtest.Open(t, migrations.Files), Transport: tr, Letters: set, Logger: slog.New(slog.DiscardHandler), Now: c.Now, Metrics: registry,
		Workers: 1, Lease: time.Minute, Attempts: 3, Limits: service.Limits{Recipient: 100},
	})
	if err != nil {
		t.Fatal(err)
	}
	queue(t, s, "a@example.com")
	c.Advance(time.Minute)
	if err := s.Measure(context.Background()); err != nil {
		t.Fatal(err)
	}
	tr.send = func(store.Letter) error { return errLost }
	sendDue(t, s)
	want := `
# HELP souk_emails_letters Letters by status (counted up to 10000); sent ones are left out.
# TYPE souk_emails_letters gauge
souk_emails_letters{status="failed"} 0
souk_emails_letters{status="queued"} 1
souk_emails_letters{status="sending"} 0
souk_emails_letters{status="unknown"} 0
# HELP souk_emails_letters_total What became of letters offered: sent, failed, unknown, or queued to be tried again.
# TYPE souk_emails_letters_total counter
souk_emails_letters_total{outcome="unknown",transport="fake"} 1
# HELP souk_emails_oldest_seconds Age of the oldest letter that is not sent yet.
# TYPE souk_emails_oldest_seconds gauge
souk_emails_oldest_seconds 60
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "souk_emails_letters", "souk_emails_letters_total", "souk_emails_oldest_seconds"); err != nil {
		t.Error(err)
	}
}
