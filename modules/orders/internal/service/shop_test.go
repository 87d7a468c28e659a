package service_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/catalog/catalogevents"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/modules/orders/migrations"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

const (
	holdTTL    = 30 * time.Minute
	startGrace = 2 * time.Second

	merchantA = "mrc_0000000000000000000000000a"
	merchantB = "mrc_0000000000000000000000000b"
)

// shop is the orders service on a real database among neighbours made by hand.
type shop struct {
	*service.Service
	t         testing.TB
	db        *database.DB
	clock     *clock
	catalog   *fakeCatalog
	payments  *fakePayments
	merchants *fakeMerchants
}

// each runs the test on every engine.
func each(t *testing.T, run func(t *testing.T, s *shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) { run(t, openShop(t, db)) }, events.Migrations, migrations.Files)
}

// newShop is a shop on SQLite, for what no engine can make a difference to.
func newShop(t testing.TB) *shop {
	t.Helper()
	return openShop(t, dbtest.Open(t, events.Migrations, migrations.Files))
}

func openShop(t testing.TB, db *database.DB) *shop {
	t.Helper()
	s := &shop{t: t, db: db, clock: &clock{now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}, merchants: &fakeMerchants{roles: map[string]merchantsv1.Role{}}}
	s.catalog = newCatalog(s.clock.Now)
	s.payments = &fakePayments{}
	s.Service = s.twin()
	return s
}

// twin is a second process on the same database.
func (s *shop) twin() *service.Service {
	s.t.Helper()
	twin, err := service.New(context.Background(), service.Needs{
		DB: s.db, Catalog: s.catalog, Payments: s.payments, Merchants: s.merchants, Logger: slog.New(slog.DiscardHandler), Now: s.clock.Now,
		Options: service.Options{StartGrace: startGrace, ExpiryMargin: time.Minute, FreshHold: 5 * time.Minute, KeepCarts: keepCarts, Currency: "EUR"},
	})
	s.must(err)
	return twin
}

func (s *shop) must(errs ...error) {
	s.t.Helper()
	if err := errors.Join(errs...); err != nil {
		s.t.Fatal(err)
	}
}

// guestCart makes a guest's cart with a line of each product, and the visitor it
// belongs to.
func (s *shop) guestCart(products ...string) (string, service.Visitor) {
	s.t.Helper()
	ctx := context.Background()
	cart, token, err := s.CreateCart(ctx, service.Visitor{})
	s.must(err)
	v := service.NewVisitor(ctx, token)
	for _, p := range products {
		s.clock.advance(time.Millisecond) // lines are kept in the order they were added
		s.put(cart.ID, v, p, 1)
	}
	return cart.ID, v
}

func (s *shop) put(cartID string, v service.Visitor, product string, quantity int64) store.Cart {
	s.t.Helper()
	cart, err := s.EditLine(context.Background(), v, service.Edit{CartID: cartID, ProductID: product, Quantity: quantity})
	s.must(err)
	return cart
}

func checkout(cartID, key string) service.Checkout {
	return service.Checkout{CartID: cartID, Email: "ada@example.com", Method: "test_ok", Key: key}
}

// placed is an order just placed by a guest, for one product.
func (s *shop) placed() (store.Order, service.Visitor) {
	s.t.Helper()
	cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
	o, err := s.Checkout(context.Background(), v, checkout(cart, ids.New("key", s.clock.Now())))
	s.must(err)
	return o, v
}

// order reads an order as it is stored.
func (s *shop) order(id string) store.Order {
	s.t.Helper()
	view, err := s.Order(context.Background(), service.Visitor{Principal: identity.Principal{UserID: "usr_root", Admin: true}}, id)
	s.must(err)
	return view.Order
}

func (s *shop) wantStatus(id string, want store.Status) {
	s.t.Helper()
	if got := s.order(id).Status; got != want {
		s.t.Errorf("order is %s, want %s", got, want)
	}
}

// hear runs a listener as the inbox does.
func (s *shop) hear(listen func(ctx context.Context, tx *database.Tx) error) error {
	return s.db.Write(context.Background(), listen)
}

func succeeded(o store.Order) *paymentsevents.Succeeded {
	return &paymentsevents.Succeeded{PaymentId: o.PaymentID, OrderId: o.ID, Amount: wire(o.Total)}
}

func (s *shop) succeeded(o store.Order) error {
	return s.hear(func(ctx context.Context, tx *database.Tx) error { return s.PaymentSucceeded(ctx, tx, succeeded(o)) })
}

func (s *shop) failed(o store.Order) error {
	return s.hear(func(ctx context.Context, tx *database.Tx) error {
		return s.PaymentFailed(ctx, tx, &paymentsevents.Failed{PaymentId: o.PaymentID, OrderId: o.ID, Reason: "declined"})
	})
}

func (s *shop) refunded(o store.Order, amount int64, full bool) error {
	return s.hear(func(ctx context.Context, tx *database.Tx) error {
		return s.PaymentRefunded(ctx, tx, &paymentsevents.Refunded{
			RefundId: "rfd_1", PaymentId: o.PaymentID, OrderId: o.ID, Amount: &moneyv1.Money{Amount: amount, Currency: o.Total.Currency}, Full: full,
		})
	})
}

func (s *shop) stockShort(o store.Order) error {
	return s.hear(func(ctx context.Context, tx *database.Tx) error {
		return s.StockShort(ctx, tx, &catalogevents.StockShort{OrderId: o.ID})
	})
}

// told lists what was told of an order, in order, such as "orders.Placed 1".
func (s *shop) told(orderID string) (out []string) {
	s.t.Helper()
	s.must(s.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, `SELECT type, aggregate_version FROM events_outbox WHERE aggregate_id = ? ORDER BY seq`, orderID)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var kind string
			var version int64
			if err := rows.Scan(&kind, &version); err != nil {
				return err
			}
			out = append(out, fmt.Sprintf("%s %d", kind, version))
		}
		return rows.Err()
	}))
	return out
}

// lastCancelled reads the last Cancelled that was told of an order.
func (s *shop) lastCancelled(orderID string) *ordersevents.Cancelled {
	s.t.Helper()
	out := &ordersevents.Cancelled{}
	s.must(s.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		var payload []byte
		err := q.QueryRow(ctx, `SELECT payload FROM events_outbox WHERE aggregate_id = ? AND type = 'orders.Cancelled'`, orderID).Scan(&payload)
		return errors.Join(err, proto.Unmarshal(payload, out))
	}))
	return out
}

// count answers a SELECT COUNT(*).
func (s *shop) count(query string, args ...any) (n int) {
	s.t.Helper()
	s.must(s.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, query, args...).Scan(&n)
	}))
	return n
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

// wantReason checks a verdict and answers its fields.
func wantReason(t testing.TB, err error, code fault.Code, reason string) []fault.Field {
	t.Helper()
	var verdict *fault.Error
	if !errors.As(err, &verdict) || verdict.Code != code || verdict.Reason != reason {
		t.Fatalf("error is %v, want %s (%s)", err, code, reason)
	}
	return verdict.Fields
}

func wire(m money.Money) *moneyv1.Money {
	return &moneyv1.Money{Amount: m.Amount, Currency: m.Currency}
}

func keyed(key string, at time.Time) context.Context {
	return callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: key, At: at})
}
