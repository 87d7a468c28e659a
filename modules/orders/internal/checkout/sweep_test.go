package checkout_test

import (
	"context"
	"testing"
	"time"

	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/checkout"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/orderstest"
	"app/platform/database"
)

// sweep sweeps until nothing is left to sweep and counts how often that took more than
// one batch.
func sweep(s *orderstest.Shop) (batches int) {
	s.T.Helper()
	for {
		batches++
		more, err := s.Checkouts.SweepCarts(context.Background())
		s.Must(err)
		if !more {
			return batches
		}
	}
}

func wantCart(s *orderstest.Shop, what, id string, want int) {
	s.T.Helper()
	carts := s.Count(`SELECT COUNT(*) FROM orders_carts WHERE id = ?`, id)
	if lines := s.Count(`SELECT COUNT(*) FROM orders_cart_lines WHERE cart_id = ?`, id); carts != want || lines != want {
		s.T.Errorf("%s: %d carts with %d lines, want %d", what, carts, lines, want)
	}
}

// aged makes a cart look as if nobody had touched it since a time.
func aged(id string, since time.Time) database.Work {
	return func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE orders_carts SET updated_at = ? WHERE id = ?`, database.Micros(since), id)
		return err
	}
}

// Carts go, with their lines, when nobody has touched them for long enough; what may
// still be needed stays.
func TestSweep(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		product := s.Catalog.Add(orderstest.MerchantA, 1990)
		forgotten, _ := s.GuestCart(product)
		returned, visitor := s.GuestCart(product)
		paid, _ := s.Placed()
		s.Must(s.Succeeded(paid))
		s.Clock.Advance(orderstest.KeepCarts - time.Hour)
		s.Put(returned, visitor, product, 2)
		waiting, _ := s.Placed()
		s.Clock.Advance(time.Hour + time.Second)
		s.Must(s.DB.Write(context.Background(), aged(waiting.CartID, s.Clock.Now().Add(-2*orderstest.KeepCarts))))
		if batches := sweep(s); batches != 1 {
			t.Errorf("%d batches", batches)
		}
		wantCart(s, "a forgotten one", forgotten, 0)
		wantCart(s, "one of a paid order", paid.CartID, 0)
		wantCart(s, "one that somebody has returned to", returned, 1)
		wantCart(s, "one whose order waits for its payment", waiting.CartID, 1)
		s.WantStatus(paid.ID, "paid")

		s.Must(s.Failed(waiting)) // its cart is open again, and touched
		sweep(s)
		wantCart(s, "one whose payment failed", waiting.CartID, 1)
		s.Clock.Advance(orderstest.KeepCarts + time.Second)
		sweep(s)
		wantCart(s, "one whose payment failed long ago", waiting.CartID, 0)
	})
}

// Many are removed a batch at a time, also by several processes at once.
func TestSweep_Many(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		for range 150 {
			if _, _, err := s.Carts.Create(context.Background(), caller.Caller{}); err != nil {
				t.Fatal(err)
			}
		}
		s.Clock.Advance(orderstest.KeepCarts + time.Second)
		if more, err := s.Checkouts.SweepCarts(context.Background()); err != nil || !more {
			t.Errorf("more: %t, %v", more, err)
		}
		twins := []*checkout.Service{s.Checkouts, s.Twin().Checkouts, s.Twin().Checkouts}
		for _, err := range orderstest.Together(len(twins), func(i int) error {
			_, err := twins[i].SweepCarts(context.Background())
			return err
		}) {
			s.Must(err)
		}
		sweep(s)
		if n := s.Count(`SELECT COUNT(*) FROM orders_carts`); n != 0 {
			t.Errorf("%d carts left", n)
		}
	})
}

// The clock goes back an hour: an order whose payment was never confirmed is asked for
// at once, and not when the clock has come up again.
func TestFault22_OrdersWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		s.Payments.StartFn = orderstest.Down
		o, _ := s.Placed()
		s.Clock.Advance(-time.Hour)
		s.Payments.StartFn = nil
		s.Reconcile()
		if n := len(s.Payments.Starts()); n != 2 {
			t.Errorf("asked %d times", n)
		}
		s.Reconcile()
		if n := len(s.Payments.Starts()); n != 2 {
			t.Errorf("asked %d times within the wait", n)
		}
		s.Must(s.Succeeded(o))
		s.WantStatus(o.ID, order.Paid)
	})
}
