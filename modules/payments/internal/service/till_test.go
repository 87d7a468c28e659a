package service_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/orders/ordersevents"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/service"
	"app/modules/payments/internal/store"
	"app/modules/payments/migrations"
	"app/modules/payments/paymentsv1"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money/moneyv1"
)

const (
	merchantA = "mrc_0000000000000000000000000a"
	merchantB = "mrc_0000000000000000000000000b"

	timeout = 3 * time.Second
	retry   = 2 * time.Second
	poll    = 30 * time.Second
)

// till is the payments service on a real database, with a company made by hand.
type till struct {
	*service.Service
	t         testing.TB
	db        *database.DB
	clock     *clock
	company   *company
	merchants roles
}

// each runs the test on every engine.
func each(t *testing.T, run func(t *testing.T, s *till)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) { run(t, openTill(t, db)) }, events.Migrations, migrations.Files)
}

// newTill is a till on SQLite, for what no engine can make a difference to.
func newTill(t testing.TB) *till {
	t.Helper()
	return openTill(t, dbtest.Open(t, events.Migrations, migrations.Files))
}

func openTill(t testing.TB, db *database.DB) *till {
	t.Helper()
	s := &till{t: t, db: db, clock: &clock{now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}, merchants: roles{}}
	s.company = &company{charges: map[string]provider.Charge{}, refunds: map[string]provider.RefundRequest{}, asks: map[string]int{}}
	s.Service = s.twin()
	return s
}

// twin is a second process on the same database.
func (s *till) twin() *service.Service {
	return service.New(service.Needs{
		DB: s.db, Merchants: s.merchants, Providers: []provider.Port{s.company}, Logger: slog.New(slog.DiscardHandler), Now: s.clock.Now,
		Options: service.Options{Timeout: timeout, Retry: retry, Poll: poll, KeepWebhooks: keepWebhooks},
	})
}

func (s *till) must(errs ...error) {
	s.t.Helper()
	if err := errors.Join(errs...); err != nil {
		s.t.Fatal(err)
	}
}

// request asks for 19.90 EUR for a new order: 14.90 for merchant A, 5.00 for merchant
// B.
func (s *till) request(method string) *paymentsv1.StartRequest {
	now := s.clock.Now()
	return &paymentsv1.StartRequest{
		PaymentId: ids.New("pay", now), OrderId: ids.New("ord", now), Amount: euro(1990), Method: method, Email: "ada@example.com",
		BuyerId: "usr_ada", ExpiresAt: timestamppb.New(now.Add(29 * time.Minute)), Locale: "de-AT",
		Shares: []*paymentsv1.Share{{MerchantId: merchantA, Amount: euro(1490)}, {MerchantId: merchantB, Amount: euro(500)}},
	}
}

func euro(cents int64) *moneyv1.Money { return &moneyv1.Money{Amount: cents, Currency: "EUR"} }

// start is Start that has to work.
func (s *till) start(r *paymentsv1.StartRequest) paymentsv1.Status {
	s.t.Helper()
	answer, err := s.Start(context.Background(), r)
	s.must(err)
	return answer.GetStatus()
}

// captured is a payment whose money has been taken.
func (s *till) captured() *paymentsv1.StartRequest {
	s.t.Helper()
	r := s.request("ok")
	if got := s.start(r); got != paymentsv1.Status_STATUS_SUCCEEDED {
		s.t.Fatalf("payment is %s", got)
	}
	return r
}

// payment reads a payment with its refunds, as an administrator.
func (s *till) payment(id string) service.View {
	s.t.Helper()
	view, err := s.Payment(context.Background(), root, id)
	s.must(err)
	return view
}

// wantMoney checks status and sums of a payment, and that the company agrees with them.
func (s *till) wantMoney(id string, status store.Status, captured, refunded int64) {
	s.t.Helper()
	p := s.payment(id)
	if p.Status != status || p.Captured != captured || p.Payment.Refunded != refunded {
		s.t.Errorf("payment is %s with %d captured and %d refunded, want %s, %d, %d", p.Status, p.Captured, p.Payment.Refunded, status, captured, refunded)
	}
	if gotCaptured, gotRefunded := s.company.sums(id); gotCaptured != captured || gotRefunded != refunded {
		s.t.Errorf("the company has %d captured and %d refunded, want %d and %d", gotCaptured, gotRefunded, captured, refunded)
	}
}

// told lists what was told of a payment, in order, and checks that the versions rise.
func (s *till) told(paymentID string) (out []string) {
	s.t.Helper()
	s.must(s.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, `SELECT type, aggregate_version FROM events_outbox WHERE aggregate_id = ? ORDER BY seq`, paymentID)
		if err != nil {
			return err
		}
		defer rows.Close()
		for last := int64(0); rows.Next(); {
			var kind string
			var version int64
			if err := rows.Scan(&kind, &version); err != nil {
				return err
			}
			if version <= last {
				return fmt.Errorf("%s has version %d after %d", kind, version, last)
			}
			last, out = version, append(out, kind)
		}
		return rows.Err()
	}))
	return out
}

// cancelled hears that the order of a payment was cancelled.
func (s *till) cancelled(r *paymentsv1.StartRequest) error {
	return s.db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		return s.OrderCancelled(ctx, tx, &ordersevents.Cancelled{
			Order: &ordersevents.Order{Id: r.GetOrderId(), PaymentId: r.GetPaymentId(), Total: r.GetAmount(), Email: r.GetEmail(), BuyerId: r.GetBuyerId(), Locale: r.GetLocale()},
		})
	})
}

// webhook delivers news as the company would.
func (s *till) webhook(e provider.Event) error {
	return s.Webhook(context.Background(), s.company.Name(), http.Header{}, s.company.encode(e))
}

// work runs every worker until nothing is due.
func (s *till) work() {
	s.t.Helper()
	for range 3 {
		for _, work := range []func(context.Context) (bool, error){s.Reconcile, s.ProcessWebhooks, s.SendRefunds} {
			_, err := work(context.Background())
			s.must(err)
		}
	}
}

// count answers a SELECT COUNT(*).
func (s *till) count(query string, args ...any) (n int) {
	s.t.Helper()
	s.must(s.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, query, args...).Scan(&n)
	}))
	return n
}

var root = service.Visitor{Principal: identity.Principal{UserID: "usr_root", Admin: true}}

func user(id string) service.Visitor {
	return service.Visitor{Principal: identity.Principal{UserID: id, Method: identity.Bearer}}
}

func keyed(key string, at time.Time) context.Context {
	return callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: key, At: at})
}

func wantReason(t testing.TB, err error, code fault.Code, reason string) {
	t.Helper()
	var verdict *fault.Error
	if !errors.As(err, &verdict) || verdict.Code != code || verdict.Reason != reason {
		t.Fatalf("error is %v, want %s (%s)", err, code, reason)
	}
}

// together runs n calls at the same time.
func together(n int, call func(i int) error) []error {
	errs, ready := make([]error, n), make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-ready
			errs[i] = call(i)
		})
	}
	close(ready)
	all.Wait()
	return errs
}
