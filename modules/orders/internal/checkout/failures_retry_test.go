package checkout_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"app/modules/orders/internal/checkout"
	"app/modules/orders/internal/orderstest"
)

func TestFailure17_HundredLinesCostTwoCalls(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		cartID, v := s.GuestCart()
		for i := range 100 {
			s.Put(cartID, v, s.Catalog.Add(fmt.Sprint("mrc_", i%7), 100), 1)
		}
		s.Placed() // has asked for the methods
		reserves, starts, reads := s.Catalog.Reserves, len(s.Payments.Starts()), s.Catalog.Reads
		o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
		s.Must(err)
		if n := s.Catalog.Reserves - reserves; n != 1 {
			t.Errorf("%d calls of Reserve", n)
		}
		if n := len(s.Payments.Starts()) - starts; n != 1 {
			t.Errorf("%d calls of Start", n)
		}
		if s.Catalog.Reads != reads || s.Payments.Asked != 1 || s.Merchants.Asked != 0 {
			t.Errorf("other calls: %d of Products, %d of Methods, %d of Member", s.Catalog.Reads-reads, s.Payments.Asked-1, s.Merchants.Asked)
		}
		if got := s.Order(o.ID); len(got.Lines) != 100 || got.Total.Amount != 10_000 || len(got.Parts()) != 7 {
			t.Errorf("%d lines of %d merchants for %s", len(got.Lines), len(got.Parts()), got.Total)
		}
	})
}

func TestReconcilersShareTheWork(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		s.Payments.StartFn = orderstest.Down
		for range 10 {
			s.Placed()
		}
		s.Clock.Advance(orderstest.StartGrace + time.Second)
		twin := s.Twin()
		s.Must(orderstest.Together(4, func(i int) error {
			_, err := []*checkout.Service{s.Checkouts, twin.Checkouts}[i%2].Reconcile(context.Background())
			return err
		})...)
		if n := len(s.Payments.Starts()); n != 20 {
			t.Errorf("asked %d times for 10 orders, want once at checkout and once after", n)
		}
	})
}
