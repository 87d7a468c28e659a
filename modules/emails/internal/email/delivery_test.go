package email_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/message"
	"app/modules/emails/internal/ses"
	"app/modules/emails/internal/smtp"
	"app/modules/emails/internal/template"
	"app/modules/emails/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
)

// The tests here send with real transports to real servers, by the real clock.

func sender(t *testing.T) message.Sender {
	t.Helper()
	s, err := message.ParseSender("Souk <shop@example.com>", "", "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// over makes a service that sends over SMTP or SES.
func over(t *testing.T, db *database.DB, tr email.Transport, lease time.Duration) *email.Service {
	t.Helper()
	set, err := template.Parse("en")
	if err != nil {
		t.Fatal(err)
	}
	s, err := email.NewService(email.Options{
		DB: db, Transport: tr, Templates: set, Logger: slog.New(slog.DiscardHandler), Now: now, Workers: 4, Lease: lease, Attempts: 10, MaxAge: time.Hour, RecipientRate: 1_000_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func overSMTP(t *testing.T, db *database.DB, port int, lease time.Duration) *email.Service {
	t.Helper()
	tr, err := smtp.New(smtp.Options{
		Host: "127.0.0.1", Port: port, TLS: smtp.None, Timeout: 60 * time.Second, Connections: 4, Sender: sender(t), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return over(t, db, tr, lease)
}

// fill queues e-mails, to an address each.
func fill(t *testing.T, db *database.DB, count int) {
	t.Helper()
	err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		for i := range count {
			err := email.InsertEmail(ctx, tx, email.Email{
				ID: fmt.Sprintf("ltr_%04d", i), EventID: fmt.Sprint(i), Template: "welcome", Locale: "en", Recipient: fmt.Sprintf("a%d@example.com", i),
				Subject: "Welcome", Text: "Hello.\n", HTML: "<p>Hello.</p>", Priority: email.Normal, Status: email.Queued, DueAt: now(), CreatedAt: now(),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition, as long as a busy machine may need.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waiting for %s", what)
		}
	}
}

// times counts what the mail server has of each e-mail.
func times(t *testing.T, server *emailstest.Mailpit) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, m := range server.Mails(t) {
		out[m.MessageID]++
	}
	return out
}

func TestFailure31_EightReplicasOverSMTP(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const count = 1000
		server := emailstest.StartMailpit(t, emailstest.MailpitOptions{})
		fill(t, db, count)
		var replicas sync.WaitGroup
		for range 8 {
			s := overSMTP(t, db, server.Port, 5*time.Minute)
			replicas.Go(func() {
				if _, err := s.SendDue(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		replicas.Wait()
		s := overSMTP(t, db, server.Port, 5*time.Minute)
		emailstest.SendDue(t, s) // a replica may have found nothing while another held the last batch
		if got := emailstest.Tally(t, s); got[email.Sent] != count || len(got) != 1 {
			t.Errorf("e-mails by status: %v", got)
		}
		arrived := times(t, server)
		for id, n := range arrived {
			if n != 1 {
				t.Errorf("%s arrived %d times", id, n)
			}
		}
		if len(arrived) != count {
			t.Errorf("%d e-mails arrived, want %d", len(arrived), count)
		}
	}, migrations.Files)
}

// child, when set, makes this test binary a process that sends the e-mails of a
// database until it is killed.
var child = flag.String("child", "", "for the tests themselves")

type childOptions struct {
	URL  string
	Port int
}

const childLease = 5 * time.Second

func TestChild(t *testing.T) {
	if *child == "" {
		t.Skip("started by the other tests")
	}
	var o childOptions
	if err := json.Unmarshal([]byte(*child), &o); err != nil {
		t.Fatal(err)
	}
	s := overSMTP(t, dbtest.OpenURL(t, o.URL, migrations.Files), o.Port, childLease)
	for { // as the module's worker does
		if _, err := s.SendDue(context.Background()); err != nil {
			t.Log(err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func startChild(t *testing.T, o childOptions) *exec.Cmd {
	t.Helper()
	argument, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-child="+string(argument), "-test.timeout=5m")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Process.Kill(), c.Wait() })
	return c
}

func TestFailure33_KilledInMidBatch(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		const count = 400
		server := emailstest.StartMailpit(t, emailstest.MailpitOptions{})
		db := dbtest.OpenURL(t, url, migrations.Files)
		fill(t, db, count)
		for _, enough := range []int{100, 220} { // two workers are killed, one after the other
			c := startChild(t, childOptions{url, server.Port})
			until(t, "e-mails to arrive", func() bool { return len(server.Mails(t)) >= enough })
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = c.Wait() // it was killed
		}
		s := overSMTP(t, db, server.Port, childLease)
		until(t, "every e-mail to be settled", func() bool {
			emailstest.SendDue(t, s)
			got := emailstest.Tally(t, s)
			return got[email.Queued]+got[email.Sending] == 0
		})
		got, arrived := emailstest.Tally(t, s), times(t, server)
		if got[email.Sent]+got[email.Unknown] != count || got[email.Unknown] > 2*s.Workers {
			t.Errorf("e-mails by status: %v; at most as many are unknown as were being handed over", got)
		}
		found, err := s.List(context.Background(), email.Filter{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range found {
			n := arrived[l.ID+"@example.com"]
			if n > 1 || l.Status == email.Sent && n != 1 {
				t.Errorf("%s is %s and arrived %d times", l.ID, l.Status, n)
			}
		}
	})
}

// keys are fixed credentials.
type keys struct{}

func (keys) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: emailstest.SESKey, SecretAccessKey: emailstest.SESSecret}, nil
}

func overSES(t *testing.T, db *database.DB, server *emailstest.SES) (*email.Service, *ses.Transport) {
	t.Helper()
	tr, err := ses.New(context.Background(), ses.Options{
		Region: emailstest.SESRegion, Endpoint: server.URL, ConfigurationSet: "shop-events", Timeout: 60 * time.Second, Sender: sender(t), Credentials: keys{}, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return over(t, db, tr, 5*time.Minute), tr
}

// Two replicas share an account that lets them send 40 e-mails a second, which neither
// knows of the other.
func TestFailure31_ReplicasShareTheQuotaOfSES(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const count = 120
		server := emailstest.NewSES(t)
		server.Set(emailstest.Quota{MaxSendRate: 40, Max24HourSend: 1000, Enforced: true}, true, map[string]bool{"example.com": true})
		fill(t, db, count)
		var replicas sync.WaitGroup
		for range 2 {
			s, tr := overSES(t, db, server)
			if err := tr.Check(context.Background()); err != nil {
				t.Fatal(err)
			}
			replicas.Go(func() {
				until(t, "the queue to be empty", func() bool {
					if _, err := s.SendDue(context.Background()); err != nil {
						t.Error(err)
					}
					return emailstest.Tally(t, s)[email.Sent] == count
				})
			})
		}
		replicas.Wait()
		took := map[string]int{}
		for _, l := range server.Taken() {
			took[l.EmailID]++
		}
		for id, n := range took {
			if n != 1 {
				t.Errorf("%s was taken %d times", id, n)
			}
		}
		if len(took) != count {
			t.Errorf("%d e-mails were taken, want %d", len(took), count)
		}
	}, migrations.Files)
}

// SES takes some e-mails and loses the reply, refuses others, throttles and breaks:
// every e-mail ends where it belongs, and none is taken twice.
func TestFailure32_SESInTrouble(t *testing.T) {
	t.Parallel()
	const count = 60
	db, server := dbtest.Open(t, migrations.Files), emailstest.NewSES(t)
	server.Answer(func(n int) emailstest.Answer {
		switch {
		case n%10 == 3:
			return emailstest.TakeAndLose
		case n%10 == 5:
			return emailstest.Refuse
		case n%10 == 7:
			return emailstest.Broken
		case n == 20:
			return emailstest.Throttle
		case n == 30:
			return emailstest.Paused
		}
		return emailstest.Take
	})
	fill(t, db, count)
	s, tr := overSES(t, db, server)
	if err := tr.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	until(t, "every e-mail to be settled", func() bool {
		emailstest.SendDue(t, s)
		got := emailstest.Tally(t, s)
		return got[email.Queued]+got[email.Sending] == 0
	})
	found, err := s.List(context.Background(), email.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	took := map[string]int{}
	for _, l := range server.Taken() {
		took[l.EmailID]++
	}
	got := emailstest.Tally(t, s)
	for _, l := range found {
		want := map[email.Status]int{email.Sent: 1, email.Unknown: 1, email.Failed: 0}[l.Status]
		if took[l.ID] != want {
			t.Errorf("%s is %s (%s) and was taken %d times", l.ID, l.Status, l.LastError, took[l.ID])
		}
	}
	if got[email.Unknown] < 5 || got[email.Failed] < 5 {
		t.Errorf("e-mails by status: %v", got)
	}
}
