// Package orderstest is the orders module on a database of a test's own, among
// neighbours made by hand.
package orderstest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/catalog/catalogevents"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/checkout"
	"app/modules/orders/internal/order"
	"app/modules/orders/migrations"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/idempotency"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money/moneyv1"
)

// What the neighbours and the options of a Shop are.
const (
	HoldTTL    = 30 * time.Minute // how long catalog holds stock
	StartGrace = 2 * time.Second
	KeepCarts  = 30 * 24 * time.Hour

	MerchantA = "mrc_0000000000000000000000000a"
	MerchantB = "mrc_0000000000000000000000000b"
)

// Subjects are the services of one process.
type Subjects struct {
	Carts     *cart.Service
	Orders    *order.Service
	Checkouts *checkout.Service
}

// Shop is the orders module on a real database among neighbours made by hand.
type Shop struct {
	Subjects
	DB        *database.DB
	Clock     *Clock
	Catalog   *Catalog
	Payments  *Payments
	Merchants *Merchants

	T testing.TB
}

// Each runs the test on every engine.
func Each(t *testing.T, run func(t *testing.T, s *Shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) { run(t, openShop(t, db)) }, schemas...)
}

// New is a shop on SQLite, for what no engine can make a difference to.
func New(t testing.TB) *Shop {
	t.Helper()
	return openShop(t, dbtest.Open(t, schemas...))
}

var schemas = []fs.FS{events.Migrations, idempotency.Migrations, migrations.Files}

func openShop(t testing.TB, db *database.DB) *Shop {
	t.Helper()
	s := &Shop{
		T: t, DB: db, Clock: &Clock{now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)},
		Payments: &Payments{}, Merchants: &Merchants{Held: map[string]merchantsv1.Role{}},
	}
	s.Catalog = newCatalog(s.Clock.Now)
	s.Subjects = s.Twin()
	return s
}

// Twin is a second process on the same database.
func (s *Shop) Twin() Subjects {
	s.T.Helper()
	logger := slog.New(slog.DiscardHandler)
	carts, err := cart.NewService(context.Background(), cart.Needs{DB: s.DB, Catalog: s.Catalog, Now: s.Clock.Now, Currency: "EUR"})
	s.Must(err)
	orders := order.NewService(order.Needs{DB: s.DB, Merchants: s.Merchants, Carts: carts, Logger: logger, Now: s.Clock.Now})
	checkouts := checkout.NewService(checkout.Needs{
		DB: s.DB, Carts: carts, Orders: orders, Catalog: s.Catalog, Payments: s.Payments, Logger: logger, Now: s.Clock.Now,
		Options: checkout.Options{StartGrace: StartGrace, ExpiryMargin: time.Minute, FreshHold: 5 * time.Minute, KeepCarts: KeepCarts},
	})
	return Subjects{Carts: carts, Orders: orders, Checkouts: checkouts}
}

// Must ends the test when there is an error.
func (s *Shop) Must(errs ...error) {
	s.T.Helper()
	if err := errors.Join(errs...); err != nil {
		s.T.Fatal(err)
	}
}

// GuestCart makes a guest's cart with a line of each product, and the caller it belongs
// to.
func (s *Shop) GuestCart(products ...string) (string, caller.Caller) {
	s.T.Helper()
	ctx := context.Background()
	made, token, err := s.Carts.Create(ctx, caller.Caller{})
	s.Must(err)
	c := caller.New(ctx, token)
	for _, p := range products {
		s.Clock.Advance(time.Millisecond) // lines are kept in the order they were added
		s.Put(made.ID, c, p, 1)
	}
	return made.ID, c
}

// Put sets the quantity of a product in a cart.
func (s *Shop) Put(cartID string, c caller.Caller, product string, quantity int64) cart.Cart {
	s.T.Helper()
	edited, err := s.Carts.EditLine(context.Background(), c, cart.Edit{CartID: cartID, ProductID: product, Quantity: quantity})
	s.Must(err)
	return edited
}

// Request checks a cart out, to pay by a method that there is.
func Request(cartID, key string) checkout.Request {
	return checkout.Request{CartID: cartID, Email: "ada@example.com", Method: "test_ok", Key: key}
}

// Placed is an order just placed by a guest, for one product.
func (s *Shop) Placed() (order.Order, caller.Caller) {
	s.T.Helper()
	id, c := s.GuestCart(s.Catalog.Add(MerchantA, 1990))
	o, err := s.Checkouts.Place(context.Background(), c, Request(id, ids.New("key", s.Clock.Now())))
	s.Must(err)
	return o, c
}

// Reconcile runs the reconciler once.
func (s *Shop) Reconcile() {
	s.T.Helper()
	_, err := s.Checkouts.Reconcile(context.Background())
	s.Must(err)
}

// Order reads an order as it is stored.
func (s *Shop) Order(id string) order.Order {
	s.T.Helper()
	root := caller.Caller{Principal: identity.Principal{UserID: "usr_root", Admin: true}}
	view, err := s.Orders.Get(context.Background(), root, id)
	s.Must(err)
	return view.Order
}

// WantStatus compares the status of an order.
func (s *Shop) WantStatus(id string, want order.Status) {
	s.T.Helper()
	if got := s.Order(id).Status; got != want {
		s.T.Errorf("order is %s, want %s", got, want)
	}
}

// handle runs a listener as the inbox does.
func handle[M proto.Message](s *Shop, listener func(context.Context, *database.Tx, events.Event[M]) error, body M) error {
	return s.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		return listener(ctx, tx, events.Event[M]{Body: body})
	})
}

// SucceededEvent is what payments says of an order whose payment succeeded.
func SucceededEvent(o order.Order) *paymentsevents.Succeeded {
	return &paymentsevents.Succeeded{PaymentId: o.PaymentID, OrderId: o.ID, Amount: moneyv1.Of(o.Total)}
}

// Succeeded delivers that the payment of an order succeeded.
func (s *Shop) Succeeded(o order.Order) error {
	return handle(s, s.Orders.PaymentSucceeded, SucceededEvent(o))
}

// Failed delivers that the payment of an order failed.
func (s *Shop) Failed(o order.Order) error {
	return handle(s, s.Orders.PaymentFailed, &paymentsevents.Failed{PaymentId: o.PaymentID, OrderId: o.ID, Reason: "declined"})
}

// Refunded delivers that the shop gave money back.
func (s *Shop) Refunded(o order.Order, amount int64, full bool) error {
	return s.RefundedBy(o, "", amount, full)
}

// RefundedBy delivers that a merchant, or the shop, gave money back.
func (s *Shop) RefundedBy(o order.Order, merchant string, amount int64, full bool) error {
	return handle(s, s.Orders.PaymentRefunded, &paymentsevents.Refunded{
		RefundId: "rfd_1", PaymentId: o.PaymentID, OrderId: o.ID, MerchantId: merchant, Full: full,
		Amount: &moneyv1.Money{Amount: amount, Currency: o.Total.Currency},
	})
}

// StockShort delivers that the goods of an order were gone.
func (s *Shop) StockShort(o order.Order) error {
	return handle(s, s.Orders.StockShort, &catalogevents.StockShort{OrderId: o.ID})
}

// Emitted lists what was emitted of an order, in order, such as "orders.Placed 1".
func (s *Shop) Emitted(orderID string) (out []string) {
	s.T.Helper()
	s.Must(s.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
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

// LastCancelled reads the last Cancelled that was emitted of an order.
func (s *Shop) LastCancelled(orderID string) *ordersevents.Cancelled {
	s.T.Helper()
	out := &ordersevents.Cancelled{}
	s.Must(s.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		var payload []byte
		err := q.QueryRow(ctx, `SELECT payload FROM events_outbox WHERE aggregate_id = ? AND type = 'orders.Cancelled'`, orderID).Scan(&payload)
		return errors.Join(err, proto.Unmarshal(payload, out))
	}))
	return out
}

// Count answers a SELECT COUNT(*).
func (s *Shop) Count(query string, args ...any) (n int) {
	s.T.Helper()
	s.Must(s.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, query, args...).Scan(&n)
	}))
	return n
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

// WantReason checks a refusal and answers its fields.
func WantReason(t testing.TB, err error, code fault.Code, reason string) []fault.Field {
	t.Helper()
	var refusal *fault.Error
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.Reason != reason {
		t.Fatalf("error is %v, want %s (%s)", err, code, reason)
	}
	return refusal.Fields
}

// Keyed is the context of a request with an idempotency key.
func Keyed(key string, at time.Time) context.Context {
	return callctx.WithIdempotency(context.Background(), callctx.Idempotency{Key: key, At: at})
}
