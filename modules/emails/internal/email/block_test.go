package email_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
)

// What is not the e-mail's fault costs it no attempt, however long it lasts; the
// transport is left alone meanwhile.
func TestBlockedTransport(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	o.Courier.Answer = func(email.Email) error { return fmt.Errorf("535: %w", email.ErrBlocked) }
	o.Emails.Workers = 1
	var waits []time.Duration
	o.Emails.Later = func(d time.Duration) { waits = append(waits, d) }
	first, second := o.Queue("a@example.com"), o.Queue("b@example.com")
	offers := func() int { return o.Courier.Offered(first) + o.Courier.Offered(second) }
	for try := 1; try <= 20; try++ {
		o.SendDue()
		if offers() != try {
			t.Fatalf("%d offers after %d tries: while it is blocked nothing is offered", offers(), try)
		}
		o.Clock.Advance(61 * time.Second)
	}
	if len(waits) == 0 || waits[0] <= 0 || waits[0] > time.Minute {
		t.Errorf("asked to be woken after %v", waits)
	}
	o.Courier.Answer = nil
	o.SendDue()
	for _, id := range []string{first, second} {
		if l := o.Email(id); l.Status != email.Sent || l.Attempts != 1 {
			t.Errorf("%s after %d attempts", l.Status, l.Attempts)
		}
	}
}

func TestThrottledLetterKeepsItsAttempts(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	o.Courier.Answer = func(email.Email) error { return email.ErrThrottled }
	id := o.Queue("a@example.com")
	for range 10 {
		o.SendDue()
		o.Clock.Advance(time.Minute)
	}
	if l := o.Email(id); l.Status != email.Queued || l.Attempts != 0 {
		t.Errorf("%s after %d attempts", l.Status, l.Attempts)
	}
	o.Clock.Advance(73 * time.Hour)
	o.SendDue()
	if l := o.Email(id); l.Failure != email.Expired {
		t.Errorf("after three days it is %s %s", l.Status, l.Failure)
	}
}

// A worker that is told to stop gives back what it has claimed and not offered.
func TestStopInMidBatch(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	o.Emails.Workers = 1
	for i := range 5 {
		o.Queue(fmt.Sprintf("a%d@example.com", i))
	}
	ctx, stop := context.WithCancel(context.Background())
	o.Courier.Answer = func(email.Email) error {
		stop()
		return nil
	}
	if _, err := o.Emails.SendDue(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := o.Tally(); got[email.Sent] != 1 || got[email.Queued] != 4 {
		t.Errorf("e-mails by status: %v", got)
	}
	o.Courier.Answer = nil
	if o.SendDue(); o.Tally()[email.Sent] != 5 {
		t.Errorf("e-mails by status: %v", o.Tally())
	}
}

// The clock goes back an hour: the transport is not left alone, and no e-mail waits,
// until it has come up again.
func TestFault22_LettersWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	emailstest.Each(t, func(t *testing.T, o *emailstest.Office) {
		o.Courier.Answer = func(email.Email) error { return fmt.Errorf("535: %w", email.ErrBlocked) }
		o.Emails.Workers = 1
		blocked := o.Queue("a@example.com")
		o.SendDue()
		fresh := o.Queue("b@example.com")
		o.Clock.Advance(-time.Hour)
		o.Courier.Answer = nil
		for range 2 { // what waits for too long is found at the end of a round
			o.SendDue()
		}
		for _, id := range []string{blocked, fresh} {
			if got := o.Status(id); got != email.Sent {
				t.Errorf("%s is %s", id, got)
			}
		}
	})
}
