package e2e_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
	"app/modules/users/usersevents"
)

// inSplit runs a test in each shape with a process for each module.
func inSplit(t *testing.T, run func(t *testing.T, s *shop.Shop), extra map[string]string) {
	t.Helper()
	for _, shape := range shop.Split {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			run(t, shop.Open(t, shape, extra))
		})
	}
}

// again kills a process and starts it.
func again(t *testing.T, p *shop.Part) {
	t.Helper()
	p.Kill(t)
	p.Start(t)
	p.AwaitReady(t)
}

// The provider captures and its answer is lost; then payments dies. The buyer's
// repetition gets the order that there is, and its money is taken once.
func TestFailure12_LostAnswerOfTheProvider(t *testing.T) {
	t.Parallel()
	inSplit(t, func(t *testing.T, s *shop.Shop) {
		st := openStand(t, s, "lost", 700, 20)
		s.Patience = time.Minute
		for i := range 2 {
			key := fmt.Sprintf("order-whose-answer-is-lost-%d", i)
			guest, order := buy(t, s.Client, st.product.ID, 1, "lost@example.com", "test_lost_reply", key)
			again(t, s.Part(t, "payments"))
			repeated := must(guest.Checkout(t.Context(), order.CartID, "lost@example.com", "test_lost_reply", key))(t)
			if repeated.ID != order.ID || repeated.Payment.ID != order.Payment.ID {
				t.Errorf("the repetition made %s with %s, before it was %s with %s", repeated.ID, repeated.Payment.ID, order.ID, order.Payment.ID)
			}
			must(guest.AwaitOrder(t.Context(), order.ID, "paid"))(t)
		}
		settled(t, s)
	}, nil)
}

// A webhook is acknowledged and payments is killed at once: it is processed all the
// same.
func TestFailure15_KilledAfterTheAcknowledgement(t *testing.T) {
	t.Parallel()
	inSplit(t, func(t *testing.T, s *shop.Shop) {
		st, p := openStand(t, s, "webhooks", 700, 20), provider{t, s.Client}
		guest, order := buy(t, s.Client, st.product.ID, 1, "acknowledged@example.com", "test_ok", "order-with-webhooks")
		must(guest.AwaitOrder(t.Context(), order.ID, "paid"))(t)
		var sent []string
		for i := range 5 {
			id := fmt.Sprintf("evt_acknowledged_%d", i)
			p.send(id, "captured", order.Payment.ID, 700)
			sent = append(sent, id)
			again(t, s.Part(t, "payments"))
		}
		settled(t, s)
		dbs := open(t, s)
		for _, id := range sent {
			var result string
			if err := dbs["payments"].QueryRowContext(t.Context(), "SELECT result FROM payments_webhooks WHERE event_id = '"+id+"'").Scan(&result); err != nil || result != "processed" {
				t.Errorf("%s: %q, %v", id, result, err)
			}
		}
	}, signed)
}

// open opens the shop's databases for reading, for the rest of the test.
func open(t *testing.T, s *shop.Shop) invariants.Databases {
	t.Helper()
	dbs := must(invariants.Open(s.Dir, s.Databases))(t)
	t.Cleanup(func() { _ = dbs.Close() })
	return dbs
}

// emit writes an event into the outbox of a module, as the module would. in is a
// connection or a transaction.
func emit(ctx context.Context, in interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}, id, kind string, payload []byte) error {
	_, err := in.ExecContext(ctx, `INSERT INTO events_outbox
		(id, type, schema_version, aggregate, aggregate_id, aggregate_version, occurred_at, request_id, trace, secret, state, payload)
		VALUES (?, ?, 1, 'test', ?, 1, ?, '', '', 0, 0, ?)`, id, kind, id, time.Now().UnixMicro(), payload)
	return err
}

const (
	firstEvent  = "01990000-0000-7000-8000-000000000001"
	secondEvent = "01990000-0000-7000-8000-000000000002"
)

// An event that one listener can never handle is dead there, and listed. Other
// listeners, and other events, go on.
func TestFailure20_APoisonedEvent(t *testing.T) {
	t.Parallel()
	inSplit(t, func(t *testing.T, s *shop.Shop) {
		st, ctx := openStand(t, s, "poison", 700, 20), t.Context()
		if err := emit(ctx, s.Database(t, "payments"), firstEvent, "payments.Succeeded", []byte{0xff}); err != nil {
			t.Fatal(err)
		}
		guest, order := buy(t, s.Client, st.product.ID, 1, "after@example.com", "test_ok", "order-after-the-poison")
		must(guest.AwaitOrder(ctx, order.ID, "paid"))(t)
		want := map[string]bool{
			"no event is failing or dead: orders " + firstEvent: true,
			"every event has one effect in each listener: payments.Succeeded " + firstEvent + " was not handled by orders.payment_succeeded": true,
		}
		err := shop.Await(ctx, "everything but the poison to be handled", func(ctx context.Context) error {
			found, err := invariants.Check(ctx, open(t, s), nil)
			for _, v := range found {
				if !want[v.String()] {
					err = errors.Join(err, errors.New(v.String()))
				}
			}
			if err == nil && len(found) != len(want) {
				err = fmt.Errorf("found %v", found)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}, nil)
}

// An event that was written first and committed last, after others had been handed on,
// is not skipped.
func TestFailure21_AnEventCommittedLate(t *testing.T) {
	t.Parallel()
	s, ctx := shop.Open(t, shop.RabbitMQ, nil), t.Context()
	db := s.Database(t, "users")
	payload := must(proto.Marshal(&usersevents.PasswordChanged{UserId: "usr_late", Email: "late@example.com", FirstName: "Ada"}))(t)
	tx := must(db.BeginTx(ctx, nil))(t)
	defer func() { _ = tx.Rollback() }()
	if err := emit(ctx, tx, firstEvent, "users.PasswordChanged", payload); err != nil {
		t.Fatal(err)
	}
	must(s.SignUp(ctx, "early@example.com"))(t) // events with higher numbers come and go
	if err := emit(ctx, db, secondEvent, "users.PasswordChanged", payload); err != nil {
		t.Fatal(err)
	}
	must(s.AwaitLetter(ctx, "late@example.com", regexp.MustCompile("password")))(t)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	settled(t, s)
	if letters := must(s.Letters(ctx, "late@example.com"))(t); len(letters) != 2 {
		t.Errorf("%d e-mails for two events", len(letters))
	}
}

// Two processes of every module that hears, on one database: each event has one effect.
func TestFailure22_TwoReplicasOfEveryListener(t *testing.T) {
	t.Parallel()
	s := shop.Open(t, shop.RabbitMQ, nil)
	st := openStand(t, s, "replicas", 700, 50)
	for _, name := range []string{"catalog", "orders", "payments", "emails"} {
		s.Replica(t, name)
	}
	var told []invariants.Acknowledged
	for i := range 12 {
		key := fmt.Sprintf("order-heard-by-two-%02d", i)
		method := []string{"test_ok", "test_duplicate", "test_declined"}[i%3]
		_, order := buy(t, s.Client, st.product.ID, 1, "two@example.com", method, key)
		told = append(told, invariants.Acknowledged{OrderID: order.ID, Key: key})
		if i == 6 { // who hears until now is gone: the others take over
			for _, name := range []string{"catalog", "emails"} {
				s.Part(t, name+" again").Kill(t)
			}
		}
	}
	settled(t, s, told...)
}
