// Package paymentstest is the whole module for tests: its subjects put together over a
// real database, with a provider and merchants made by hand.
package paymentstest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/merchantsv1"
	"app/modules/orders/ordersevents"
	"app/modules/payments/internal/due"
	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/refund"
	"app/modules/payments/internal/statement"
	"app/modules/payments/internal/webhook"
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

// The merchants with a share in every payment, and how long things wait.
const (
	MerchantA = "mrc_0000000000000000000000000a"
	MerchantB = "mrc_0000000000000000000000000b"

	Timeout      = 3 * time.Second
	Retry        = 2 * time.Second
	Poll         = 30 * time.Second
	KeepWebhooks = 30 * 24 * time.Hour
)

// Process is the module in one process.
type Process struct {
	Payments   *payment.Service
	Refunds    *refund.Service
	Webhooks   *webhook.Service
	Statements *statement.Service
}

// Till is the module on a real database, with a company made by hand.
type Till struct {
	Process
	T         testing.TB
	DB        *database.DB
	Clock     *Clock
	Company   *Company
	Merchants Roles
}

// Each runs the test on every engine.
func Each(t *testing.T, run func(t *testing.T, s *Till)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) { run(t, openTill(t, db)) }, events.Migrations, migrations.Files)
}

// NewTill is a till on SQLite, for what no engine can make a difference to.
func NewTill(t testing.TB) *Till {
	t.Helper()
	return openTill(t, dbtest.Open(t, events.Migrations, migrations.Files))
}

func openTill(t testing.TB, db *database.DB) *Till {
	t.Helper()
	s := &Till{T: t, DB: db, Clock: &Clock{now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}, Merchants: Roles{}}
	s.Company = &Company{charges: map[string]provider.Charge{}, refunds: map[string]provider.RefundRequest{}, asks: map[string]int{}}
	s.Process = s.Twin()
	return s
}

// Twin is a second process on the same database.
func (s *Till) Twin() Process {
	return NewProcess(s.DB, s.Merchants, s.Clock.Now, s.Company)
}

// NewProcess puts the subjects together.
func NewProcess(db *database.DB, merchants merchantsv1.Authorizer, now func() time.Time, ports ...provider.Port) (p Process) {
	providers, quiet := provider.NewDirectory(ports...), slog.New(slog.DiscardHandler)
	schedule, queue := due.Schedule{Timeout: Timeout, Retry: Retry}, refund.NewQueue(now)
	p.Payments = payment.New(payment.Needs{
		DB: db, Providers: providers, Refunds: queue, Logger: quiet, Now: now, Schedule: schedule, Poll: Poll,
	})
	p.Refunds = refund.New(refund.Needs{
		DB: db, Merchants: merchants, Providers: providers, Queue: queue, Logger: quiet, Now: now, Schedule: schedule,
	})
	p.Webhooks = webhook.New(webhook.Needs{
		DB: db, Payments: p.Payments, Providers: providers, Logger: quiet, Now: now, Schedule: schedule, Keep: KeepWebhooks,
	})
	p.Statements = &statement.Service{DB: db, Merchants: merchants}
	return p
}

// Must fails the test for an error.
func (s *Till) Must(errs ...error) {
	s.T.Helper()
	if err := errors.Join(errs...); err != nil {
		s.T.Fatal(err)
	}
}

// Request asks for 19.90 EUR for a new order: 14.90 for merchant A, 5.00 for merchant
// B.
func (s *Till) Request(method string) *paymentsv1.StartRequest {
	now := s.Clock.Now()
	return &paymentsv1.StartRequest{
		PaymentId: ids.New("pay", now), OrderId: ids.New("ord", now), Amount: Euro(1990), Method: method, Email: "ada@example.com",
		BuyerId: "usr_ada", ExpiresAt: timestamppb.New(now.Add(29 * time.Minute)), Locale: "de-AT",
		Shares: []*paymentsv1.Share{{MerchantId: MerchantA, Amount: Euro(1490)}, {MerchantId: MerchantB, Amount: Euro(500)}},
	}
}

// Euro is an amount in cents.
func Euro(cents int64) *moneyv1.Money { return &moneyv1.Money{Amount: cents, Currency: "EUR"} }

// Start is Start that has to work.
func (s *Till) Start(r *paymentsv1.StartRequest) paymentsv1.Status {
	s.T.Helper()
	answer, err := s.Payments.Start(context.Background(), r)
	s.Must(err)
	return answer.GetStatus()
}

// Captured is a payment whose money has been taken.
func (s *Till) Captured() *paymentsv1.StartRequest {
	s.T.Helper()
	r := s.Request("ok")
	if got := s.Start(r); got != paymentsv1.Status_STATUS_SUCCEEDED {
		s.T.Fatalf("payment is %s", got)
	}
	return r
}

// Payment reads a payment with its refunds, as an administrator.
func (s *Till) Payment(id string) statement.Statement {
	s.T.Helper()
	view, err := s.Statements.Of(context.Background(), Root, id)
	s.Must(err)
	return view
}

// WantMoney checks status and sums of a payment, and that the company agrees with them.
func (s *Till) WantMoney(id string, status payment.Status, captured, refunded int64) {
	s.T.Helper()
	p := s.Payment(id)
	if p.Status != status || p.Captured != captured || p.Payment.Refunded != refunded {
		s.T.Errorf("payment is %s with %d captured and %d refunded, want %s, %d, %d", p.Status, p.Captured, p.Payment.Refunded, status, captured, refunded)
	}
	if gotCaptured, gotRefunded := s.Company.Sums(id); gotCaptured != captured || gotRefunded != refunded {
		s.T.Errorf("the company has %d captured and %d refunded, want %d and %d", gotCaptured, gotRefunded, captured, refunded)
	}
}

// Told lists the events of a payment, in order, and checks that the versions rise.
func (s *Till) Told(paymentID string) (out []string) {
	s.T.Helper()
	s.Must(s.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
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

// Cancel tells payments that the order of a payment was cancelled.
func (s *Till) Cancel(r *paymentsv1.StartRequest) error {
	return s.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		return s.Payments.OrderCancelled(ctx, tx, events.Event[*ordersevents.Cancelled]{Body: &ordersevents.Cancelled{
			Order: &ordersevents.Order{Id: r.GetOrderId(), PaymentId: r.GetPaymentId(), Total: r.GetAmount(), Email: r.GetEmail(), BuyerId: r.GetBuyerId(), Locale: r.GetLocale()},
		}})
	})
}

// Deliver delivers news as the company would.
func (s *Till) Deliver(e provider.Event) error {
	return s.Webhooks.Receive(context.Background(), s.Company.Name(), http.Header{}, s.Company.Encode(e))
}

// Work runs every worker until nothing is due.
func (s *Till) Work() {
	s.T.Helper()
	for range 3 {
		for _, work := range []func(context.Context) (bool, error){s.Payments.Reconcile, s.Webhooks.Process, s.Refunds.Send} {
			_, err := work(context.Background())
			s.Must(err)
		}
	}
}

// Count answers a SELECT COUNT(*).
func (s *Till) Count(query string, args ...any) (n int) {
	s.T.Helper()
	s.Must(s.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, query, args...).Scan(&n)
	}))
	return n
}

// Root is an administrator.
var Root = payment.Caller{Principal: identity.Principal{UserID: "usr_root", Admin: true}}

// User is somebody signed in.
func User(id string) payment.Caller {
	return payment.Caller{Principal: identity.Principal{UserID: id, Method: identity.Bearer}}
}

// Keyed is the context of a request with an idempotency key.
func Keyed(key string, at time.Time) context.Context {
	return callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: key, At: at})
}

// WantReason checks the code and the reason of a refusal.
func WantReason(t testing.TB, err error, code fault.Code, reason string) {
	t.Helper()
	var refusal *fault.Error
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.Reason != reason {
		t.Fatalf("error is %v, want %s (%s)", err, code, reason)
	}
}

// Together runs n calls at the same time.
func Together(n int, call func(i int) error) []error {
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

// What is announced of a payment that succeeds, and of one that is given back.
var (
	SucceededOnce = []string{"payments.Succeeded"}
	GivenBack     = []string{"payments.Succeeded", "payments.Refunded"}
)

// WantTold checks the events of a payment.
func (s *Till) WantTold(id string, want []string) {
	s.T.Helper()
	if diff := cmp.Diff(want, s.Told(id)); diff != "" {
		s.T.Errorf("told (-want +got):\n%s", diff)
	}
}
