package service_test

import (
	"context"
	"testing"
	"time"

	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/platform/database"
)

const keepCarts = 30 * 24 * time.Hour

// sweep sweeps until nothing is left to sweep and tells how often that took more than
// one batch.
func (s *shop) sweep() (batches int) {
	s.t.Helper()
	for {
		batches++
		more, err := s.Sweep(context.Background())
		s.must(err)
		if !more {
			return batches
		}
	}
}

func (s *shop) wantCart(what, id string, want int) {
	s.t.Helper()
	carts := s.count(`SELECT COUNT(*) FROM orders_carts WHERE id = ?`, id)
	if lines := s.count(`SELECT COUNT(*) FROM orders_cart_lines WHERE cart_id = ?`, id); carts != want || lines != want {
		s.t.Errorf("%s: %d carts with %d lines, want %d", what, carts, lines, want)
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
	each(t, func(t *testing.T, s *shop) {
		product := s.catalog.add(merchantA, 1990)
		forgotten, _ := s.guestCart(product)
		returned, visitor := s.guestCart(product)
		paid, _ := s.placed()
		s.must(s.succeeded(paid))
		s.clock.advance(keepCarts - time.Hour)
		s.put(returned, visitor, product, 2)
		waiting, _ := s.placed()
		s.clock.advance(time.Hour + time.Second)
		s.must(s.db.Write(context.Background(), aged(waiting.CartID, s.clock.Now().Add(-2*keepCarts))))
		if batches := s.sweep(); batches != 1 {
			t.Errorf("%d batches", batches)
		}
		s.wantCart("a forgotten one", forgotten, 0)
		s.wantCart("one of a paid order", paid.CartID, 0)
		s.wantCart("one that somebody has returned to", returned, 1)
		s.wantCart("one whose order waits for its payment", waiting.CartID, 1)
		s.wantStatus(paid.ID, "paid")

		s.must(s.failed(waiting)) // its cart is open again, and touched
		s.sweep()
		s.wantCart("one whose payment failed", waiting.CartID, 1)
		s.clock.advance(keepCarts + time.Second)
		s.sweep()
		s.wantCart("one whose payment failed long ago", waiting.CartID, 0)
	})
}

// Many are removed a batch at a time, also by several processes at once.
func TestSweep_Many(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		for range 150 {
			if _, _, err := s.CreateCart(context.Background(), service.Visitor{}); err != nil {
				t.Fatal(err)
			}
		}
		s.clock.advance(keepCarts + time.Second)
		if more, err := s.Sweep(context.Background()); err != nil || !more {
			t.Errorf("more: %t, %v", more, err)
		}
		twins := []*service.Service{s.Service, s.twin(), s.twin()}
		for _, err := range together(len(twins), func(i int) error {
			_, err := twins[i].Sweep(context.Background())
			return err
		}) {
			s.must(err)
		}
		s.sweep()
		if n := s.count(`SELECT COUNT(*) FROM orders_carts`); n != 0 {
			t.Errorf("%d carts left", n)
		}
	})
}

// The clock goes back an hour: an order whose payment was never confirmed is asked for
// at once, and not when the clock has come up again.
func TestFault22_OrdersWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		s.payments.startFn = down
		o, _ := s.placed()
		s.clock.advance(-time.Hour)
		s.payments.startFn = nil
		s.reconcile()
		if n := len(s.payments.starts()); n != 2 {
			t.Errorf("asked %d times", n)
		}
		s.reconcile()
		if n := len(s.payments.starts()); n != 2 {
			t.Errorf("asked %d times within the wait", n)
		}
		s.must(s.succeeded(o))
		s.wantStatus(o.ID, store.Paid)
	})
}
