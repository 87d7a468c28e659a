package service_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/emails/internal/service"
	"app/modules/emails/internal/store"
	"app/modules/emails/internal/template"
	"app/modules/emails/internal/transport"
	"app/modules/emails/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
	"app/platform/ids"
)

// clock is a time that a test moves.
type clock struct{ us atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.us.Store(database.Micros(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)))
	return c
}

func (c *clock) Now() time.Time { return database.Time(c.us.Load()) }

func (c *clock) Advance(d time.Duration) { c.us.Add(d.Microseconds()) }

// courier counts what it is offered and answers as the test wants.
type courier struct {
	repeatable bool
	send       func(store.Letter) error

	mu   sync.Mutex
	took map[string]int // by letter
}

func (*courier) Name() string       { return "fake" }
func (t *courier) Repeatable() bool { return t.repeatable }

func (t *courier) Send(_ context.Context, l store.Letter) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.took == nil {
		t.took = map[string]int{}
	}
	t.took[l.ID]++
	if t.send != nil {
		return "", t.send(l)
	}
	return "id-" + l.ID, nil
}

// errLost is what a courier says whose reply was lost.
var errLost = fmt.Errorf("after DATA: %w", transport.ErrLost)

func newService(t *testing.T, db *database.DB, c *clock, tr transport.Transport) *service.Service {
	t.Helper()
	set, err := template.Parse("en")
	if err != nil {
		t.Fatal(err)
	}
	s, err := service.New(service.Options{
		DB: db, Transport: tr, Letters: set, Logger: slog.New(slog.DiscardHandler), Now: c.Now,
		Workers: 4, Lease: time.Minute, Attempts: 3, MaxAge: 72 * time.Hour,
		MerchantTemplates: []string{"one_time_code", "order_shipped"}, Merchants: merchants{},
		Limits: service.Limits{Recipient: 100, Merchant: 3, Owner: 5, Network: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// queue asks for an e-mail and returns its id.
func queue(t *testing.T, s *service.Service, to string) string {
	t.Helper()
	l, err := s.Write(context.Background(), service.Request{
		ID: ids.New("ltr", s.Now()), Template: "welcome", To: to, Data: map[string]any{"first_name": "Ada"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l.ID
}

func status(t *testing.T, s *service.Service, id string) store.Status {
	t.Helper()
	l, err := s.ByID(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return l.Status
}

func sendDue(t *testing.T, s *service.Service) int {
	t.Helper()
	n, err := s.SendDue(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFailure31_EightWorkersSendEachLetterOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const count = 1000
		c, tr := newClock(), &courier{}
		s := newService(t, db, c, tr)
		err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			for i := range count {
				err := store.Insert(ctx, tx, store.Letter{ID: fmt.Sprint("ltr_", i), EventID: fmt.Sprint(i), Template: "welcome", Recipient: "a@b.c", CreatedAt: c.Now()})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				if _, err := newService(t, db, c, tr).SendDue(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		workers.Wait()
		sendDue(t, s) // a worker may have found nothing while another held the last batch
		if len(tr.took) != count {
			t.Errorf("%d letters were offered, want %d", len(tr.took), count)
		}
		for id, times := range tr.took {
			if times != 1 || status(t, s, id) != store.Sent {
				t.Fatalf("%s was offered %d times and is %s", id, times, status(t, s, id))
			}
		}
	}, migrations.Files)
}

func TestFailure32_LostReplyIsUnknownAndNotSentAgain(t *testing.T) {
	t.Parallel()
	c, tr := newClock(), &courier{send: func(store.Letter) error { return errLost }}
	s := newService(t, dbtest.Open(t, migrations.Files), c, tr)
	id := queue(t, s, "ada@example.com")
	sendDue(t, s)
	c.Advance(24 * time.Hour)
	sendDue(t, s)
	if got := status(t, s, id); got != store.Unknown || tr.took[id] != 1 {
		t.Errorf("%s, offered %d times", got, tr.took[id])
	}
}

// A worker that claims a batch and vanishes, before or while it offers an e-mail.
func TestFailure33_CrashInMidBatch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		repeatable, offered bool
		want                store.Status
		times               int
	}{
		"RepeatableTransportSendsAgain":   {true, true, store.Sent, 1},
		"NotOfferedIsSentByAnother":       {false, false, store.Sent, 1},
		"OfferedIsUnknownAndNotSentAgain": {false, true, store.Unknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				ctx, c, tr := context.Background(), newClock(), &courier{repeatable: tc.repeatable}
				s := newService(t, db, c, tr)
				id := queue(t, s, "ada@example.com")
				err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
					_, err := store.Claim(ctx, tx, "vanished", c.Now(), time.Minute, 10)
					if err == nil && tc.offered {
						_, err = store.Offer(ctx, tx, "vanished", id, c.Now(), time.Minute)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if sendDue(t, s); status(t, s, id) != store.Sending {
					t.Errorf("within the lease it is %s", status(t, s, id))
				}
				c.Advance(2 * time.Minute)
				sendDue(t, s)
				if got := status(t, s, id); got != tc.want || tr.took[id] != tc.times {
					t.Errorf("%s, offered %d times", got, tr.took[id])
				}
			}, migrations.Files)
		})
	}
}

func TestOffer(t *testing.T) {
	t.Parallel()
	t.Run("TriedAgainLaterAndFailedAfterTheLimit", func(t *testing.T) {
		t.Parallel()
		c, tr := newClock(), &courier{send: func(store.Letter) error { return errors.New("421 too busy") }}
		s := newService(t, dbtest.Open(t, migrations.Files), c, tr)
		id := queue(t, s, "ada@example.com")
		for attempt := 1; attempt <= 3; attempt++ {
			if n := sendDue(t, s); n != 1 {
				t.Fatalf("attempt %d: %d letters were due", attempt, n)
			}
			if n := sendDue(t, s); n != 0 {
				t.Fatalf("attempt %d was followed by another at once", attempt)
			}
			c.Advance(time.Hour)
		}
		if n := sendDue(t, s); n != 0 || status(t, s, id) != store.Failed {
			t.Errorf("%d more tries, %s", n, status(t, s, id))
		}
	})
	t.Run("RejectedAtOnce", func(t *testing.T) {
		t.Parallel()
		c, tr := newClock(), &courier{send: func(store.Letter) error { return fmt.Errorf("550: %w", transport.ErrRejected) }}
		s := newService(t, dbtest.Open(t, migrations.Files), c, tr)
		id := queue(t, s, "ada@example.com")
		if sendDue(t, s); status(t, s, id) != store.Failed {
			t.Errorf("it is %s", status(t, s, id))
		}
	})
}

func TestMailboxTakesALetterOnce(t *testing.T) {
	t.Parallel()
	ctx, c, db := context.Background(), newClock(), dbtest.Open(t, migrations.Files)
	box := &transport.Mailbox{DB: db, Now: c.Now}
	s := newService(t, db, c, box)
	l := store.Letter{ID: "ltr_1", Recipient: "ada@example.com", Subject: "s", Text: "t", HTML: "h"}
	for range 2 {
		if _, err := box.Send(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Mailbox(ctx, "ada@example.com", 10)
	want := []store.Mail{{LetterID: "ltr_1", Recipient: "ada@example.com", Subject: "s", Text: "t", HTML: "h", CreatedAt: c.Now()}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if other, err := s.Mailbox(ctx, "bob@example.com", 10); err != nil || len(other) != 0 {
		t.Errorf("another address sees %v, %v", other, err)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	s := newService(t, dbtest.Open(t, migrations.Files), newClock(), &courier{})
	for name, tc := range map[string]struct {
		request  service.Request
		pointers []string
	}{
		"ErrTemplate": {service.Request{ID: "ltr_a", Template: "no", To: "ada@example.com"}, []string{"/template"}},
		"ErrAddressAndVariables": {
			service.Request{ID: "ltr_b", Template: "verify_address", To: "x", Data: map[string]any{"first_name": ""}},
			[]string{"/to", "/data/code", "/data/minutes"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.Write(context.Background(), tc.request)
			var got []string
			for _, f := range fault.From(err).Fields {
				got = append(got, f.Pointer)
			}
			if diff := cmp.Diff(tc.pointers, got); diff != "" {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
	t.Run("TwiceIsOnce", func(t *testing.T) {
		t.Parallel()
		r := service.Request{ID: "ltr_c", Template: "welcome", To: "ada@example.com", Data: map[string]any{"first_name": "Ada"}}
		for range 2 {
			if _, err := s.Write(context.Background(), r); err != nil {
				t.Fatal(err)
			}
		}
	})
}
