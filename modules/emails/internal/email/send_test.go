package email_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"app/modules/emails/emailstest"
	"app/modules/emails/internal/email"
	"app/platform/database"
)

func TestFailure31_EightWorkersSendEachLetterOnce(t *testing.T) {
	t.Parallel()
	emailstest.Each(t, func(t *testing.T, o *emailstest.Office) {
		const count = 1000
		o.Must(o.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			for i := range count {
				err := email.InsertEmail(ctx, tx, email.Email{
					ID: fmt.Sprint("ltr_", i), EventID: fmt.Sprint(i), Template: "welcome", Recipient: "a@b.c",
					Status: email.Queued, DueAt: o.Clock.Now(), CreatedAt: o.Clock.Now(),
				})
				if err != nil {
					return err
				}
			}
			return nil
		}))
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				if _, err := o.Twin().Emails.SendDue(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		workers.Wait()
		o.SendDue() // a worker may have found nothing while another held the last batch
		offers := o.Courier.Offers()
		if len(offers) != count {
			t.Errorf("%d e-mails were offered, want %d", len(offers), count)
		}
		for id, times := range offers {
			if times != 1 || o.Status(id) != email.Sent {
				t.Fatalf("%s was offered %d times and is %s", id, times, o.Status(id))
			}
		}
	})
}

func TestFailure32_LostReplyIsUnknownAndNotSentAgain(t *testing.T) {
	t.Parallel()
	o := emailstest.New(t)
	o.Courier.Answer = func(email.Email) error { return emailstest.ErrLost }
	id := o.Queue("ada@example.com")
	o.SendDue()
	o.Clock.Advance(24 * time.Hour)
	o.SendDue()
	if got := o.Status(id); got != email.Unknown || o.Courier.Offered(id) != 1 {
		t.Errorf("%s, offered %d times", got, o.Courier.Offered(id))
	}
}

// A worker that claims a batch and vanishes, before or while it offers an e-mail.
func TestFailure33_CrashInMidBatch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		repeatable, offered bool
		want                email.Status
		times               int
	}{
		"RepeatableTransportSendsAgain":   {true, true, email.Sent, 1},
		"NotOfferedIsSentByAnother":       {false, false, email.Sent, 1},
		"OfferedIsUnknownAndNotSentAgain": {false, true, email.Unknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			emailstest.Each(t, func(t *testing.T, o *emailstest.Office) {
				o.Courier.Repeats = tc.repeatable
				id := o.Queue("ada@example.com")
				o.Must(o.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
					_, err := email.ClaimDue(ctx, tx, "vanished", o.Clock.Now(), time.Minute, 10)
					if err == nil && tc.offered {
						_, err = email.MarkOffered(ctx, tx, "vanished", id, o.Clock.Now(), time.Minute)
					}
					return err
				}))
				if o.SendDue(); o.Status(id) != email.Sending {
					t.Errorf("within the lease it is %s", o.Status(id))
				}
				o.Clock.Advance(2 * time.Minute)
				o.SendDue()
				if got := o.Status(id); got != tc.want || o.Courier.Offered(id) != tc.times {
					t.Errorf("%s, offered %d times", got, o.Courier.Offered(id))
				}
			})
		})
	}
}

func TestOffer(t *testing.T) {
	t.Parallel()
	t.Run("TriedAgainLaterAndFailedAfterTheLimit", func(t *testing.T) {
		t.Parallel()
		o := emailstest.New(t)
		o.Courier.Answer = func(email.Email) error { return errors.New("421 too busy") }
		id := o.Queue("ada@example.com")
		for attempt := 1; attempt <= 3; attempt++ {
			if n := o.SendDue(); n != 1 {
				t.Fatalf("attempt %d: %d e-mails were due", attempt, n)
			}
			if n := o.SendDue(); n != 0 {
				t.Fatalf("attempt %d was followed by another at once", attempt)
			}
			o.Clock.Advance(time.Hour)
		}
		if n := o.SendDue(); n != 0 || o.Status(id) != email.Failed {
			t.Errorf("%d more tries, %s", n, o.Status(id))
		}
	})
	t.Run("RejectedAtOnce", func(t *testing.T) {
		t.Parallel()
		o := emailstest.New(t)
		o.Courier.Answer = func(email.Email) error { return fmt.Errorf("550: %w", email.ErrRejected) }
		id := o.Queue("ada@example.com")
		if o.SendDue(); o.Status(id) != email.Failed {
			t.Errorf("it is %s", o.Status(id))
		}
	})
}
