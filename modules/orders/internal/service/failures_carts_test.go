package service_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/platform/fault"
	"app/platform/identity"
)

func TestFailure16_ParallelEditsLoseNoLine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		const edits = 24
		cart, v := s.guestCart()
		products := make([]string, edits)
		for i := range products {
			products[i] = s.catalog.add(merchantA, 100)
		}
		twin := s.twin()
		s.must(together(edits, func(i int) error {
			_, err := []*service.Service{s.Service, twin}[i%2].EditLine(context.Background(), v, service.Edit{CartID: cart, ProductID: products[i], Quantity: 2})
			return err
		})...)
		got, err := s.Cart(context.Background(), v, cart)
		s.must(err)
		if len(got.Lines) != edits || got.Version != edits+1 {
			t.Errorf("%d lines in version %d after %d edits", len(got.Lines), got.Version, edits)
		}
	})
}

func TestFailure16_TwoFirstRequestsMakeOneCart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		twin := s.twin()
		var mu sync.Mutex
		carts, tokens := map[string]bool{}, map[string]bool{}
		s.must(together(8, func(i int) error {
			cart, token, err := []*service.Service{s.Service, twin}[i%2].CreateCart(keyed("first request", s.clock.Now()), service.Visitor{})
			mu.Lock()
			defer mu.Unlock()
			carts[cart.ID], tokens[token] = true, true
			return err
		})...)
		if len(carts) != 1 || len(tokens) != 1 || s.count(`SELECT COUNT(*) FROM orders_carts`) != 1 {
			t.Errorf("%d carts with %d tokens", len(carts), len(tokens))
		}
		for id := range carts {
			for token := range tokens {
				_, err := s.Cart(context.Background(), service.NewVisitor(context.Background(), token), id)
				s.must(err)
			}
		}
	})
}

func TestFailure17_HundredLinesCostTwoCalls(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		cart, v := s.guestCart()
		for i := range 100 {
			s.put(cart, v, s.catalog.add(fmt.Sprint("mrc_", i%7), 100), 1)
		}
		s.placed() // has asked for the methods
		reserves, starts, reads := s.catalog.reserves, len(s.payments.starts()), s.catalog.reads
		o, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
		s.must(err)
		if n := s.catalog.reserves - reserves; n != 1 {
			t.Errorf("%d calls of Reserve", n)
		}
		if n := len(s.payments.starts()) - starts; n != 1 {
			t.Errorf("%d calls of Start", n)
		}
		if s.catalog.reads != reads || s.payments.asked != 1 || s.merchants.asked != 0 {
			t.Errorf("other calls: %d of Products, %d of Methods, %d of Member", s.catalog.reads-reads, s.payments.asked-1, s.merchants.asked)
		}
		if got := s.order(o.ID); len(got.Lines) != 100 || got.Total.Amount != 10_000 || len(got.Parts()) != 7 {
			t.Errorf("%d lines of %d merchants for %s", len(got.Lines), len(got.Parts()), got.Total)
		}
	})
}

func TestFailure18_AnothersOrdersAreNotFound(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ctx := context.Background()
	o, buyer := s.placed() // of mrc_a
	s.merchants.roles[merchantB+"/usr_bob"] = merchantsv1.Role_ROLE_OWNER
	other, stranger := s.guestCart()
	for name, v := range map[string]service.Visitor{"member of another merchant": user("usr_bob"), "another guest": stranger, "nobody": {}} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Order(ctx, v, o.ID)
			wantReason(t, err, fault.NotFound, "order_not_found")
			_, err = s.Cancel(ctx, v, o.ID)
			wantReason(t, err, fault.NotFound, "order_not_found")
			_, err = s.Cart(ctx, v, o.CartID)
			wantReason(t, err, fault.NotFound, "cart_not_found")
			_, err = s.EditLine(ctx, v, service.Edit{CartID: o.CartID, ProductID: o.Lines[0].ProductID, Quantity: 1})
			wantReason(t, err, fault.NotFound, "cart_not_found")
		})
	}
	_, err := s.Orders(ctx, user("usr_bob"), service.List{MerchantID: merchantA, Limit: 10})
	wantReason(t, err, fault.NotFound, "merchant_not_found")
	_, err = s.Orders(ctx, service.Visitor{Principal: identity.Principal{Merchant: merchantB, Method: identity.APIKey}}, service.List{Limit: 10})
	wantReason(t, err, fault.PermissionDenied, "permission_denied")
	_, err = s.Cart(ctx, buyer, other)
	wantReason(t, err, fault.NotFound, "cart_not_found")
	s.wantStatus(o.ID, store.PendingPayment)
}

func TestReconcilersShareTheWork(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		s.payments.startFn = down
		for range 10 {
			s.placed()
		}
		s.clock.advance(startGrace + time.Second)
		twin := s.twin()
		s.must(together(4, func(i int) error {
			_, err := []*service.Service{s.Service, twin}[i%2].Reconcile(context.Background())
			return err
		})...)
		if n := len(s.payments.starts()); n != 20 {
			t.Errorf("asked %d times for 10 orders, want once at checkout and once after", n)
		}
	})
}
