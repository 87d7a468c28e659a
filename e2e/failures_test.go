package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"app/e2e/harness/shop"
)

// N buyers, one unit, N checkouts at the same time: one order, one capture, N-1 clean
// refusals, no money held.
func TestFailure01_ManyBuyersOneUnit(t *testing.T) {
	t.Parallel()
	shop.Run(t, func(t *testing.T, s *shop.Shop) {
		const contenders = 16
		st := openStand(t, s, "last-unit", 4200, 1)
		type contender struct {
			guest *shop.Client
			cart  shop.Cart
		}
		var all []contender
		for i := range contenders {
			guest, cart, err := s.NewCart(t.Context(), fmt.Sprintf("contender-cart-%04d", i))
			if err == nil {
				err = guest.Put(t.Context(), cart.ID, st.product.ID, 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, contender{guest, cart})
		}
		var mu sync.Mutex
		var won []shop.Order
		var run sync.WaitGroup
		for i, c := range all {
			run.Go(func() {
				order, err := c.guest.Checkout(t.Context(), c.cart.ID, fmt.Sprintf("c%d@example.com", i), "test_ok", fmt.Sprintf("contender-key-%04d", i))
				var refusal *shop.Error
				if errors.As(err, &refusal) && refusal.Reply.Status == http.StatusConflict && refusal.Problem().Code == "stock_short" {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				won = append(won, order)
			})
		}
		run.Wait()
		if len(won) != 1 {
			t.Errorf("%d orders for one unit", len(won))
		}
		settled(t, s)
	}, nil)
}

// One module down: 503 with Retry-After for its routes at once, everything else
// unaffected, and nothing is half-applied after a 5xx. When it is back it is used
// within two seconds, and what waited for it arrives.
func TestFailure38_OneModuleDown(t *testing.T) {
	t.Parallel()
	for _, shape := range shop.Split {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			oneModuleDown(t, shop.Open(t, shape, nil))
		})
	}
}

func oneModuleDown(t *testing.T, s *shop.Shop) {
	t.Helper()
	ctx := t.Context()
	st := openStand(t, s, "down", 300, 50)
	buyer := must(s.SignUp(ctx, "buyer@example.com"))(t)

	t.Run("catalog", func(t *testing.T) {
		part := s.Part(t, "catalog")
		mine, cart, err := buyer.NewCart(ctx, "cart-while-catalog-lives")
		if err == nil {
			err = mine.Put(ctx, cart.ID, st.product.ID, 1)
		}
		if err != nil {
			t.Fatal(err)
		}
		part.Kill(t)
		unavailable(t, s.Client, http.MethodGet, "/v1/products/"+st.product.ID)
		if err := buyer.Call(ctx, http.StatusOK, http.MethodGet, "/v1/users/me", nil, nil); err != nil {
			t.Errorf("users suffers: %v", err)
		}
		if err := mine.Call(ctx, http.StatusOK, http.MethodGet, "/v1/carts/"+cart.ID, nil, nil); err != nil {
			t.Errorf("carts suffer: %v", err)
		}
		if _, err := mine.Checkout(ctx, cart.ID, "buyer@example.com", "test_ok", "key-while-catalog-dead"); shop.StatusOf(err) != http.StatusServiceUnavailable {
			t.Errorf("a checkout without catalog: %v", err)
		}
		part.Start(t)
		part.AwaitReady(t)
		within(t, 2*time.Second, func() error {
			return s.Call(ctx, http.StatusOK, http.MethodGet, "/v1/products/"+st.product.ID, nil, nil)
		})
		var order shop.Order
		within(t, 2*time.Second, func() (err error) { // the very request that failed
			order, err = mine.Checkout(ctx, cart.ID, "buyer@example.com", "test_ok", "key-while-catalog-dead")
			return err
		})
		must(mine.AwaitOrder(ctx, order.ID, "paid"))(t)
	})
	t.Run("emails", func(t *testing.T) {
		part := s.Part(t, "emails")
		part.Kill(t)
		_, order := buy(t, buyer, st.product.ID, 1, "buyer@example.com", "test_ok", "order-while-emails-dead")
		must(buyer.AwaitOrder(ctx, order.ID, "paid"))(t)
		part.Start(t)
		part.AwaitReady(t)
		must(s.AwaitLetter(ctx, "buyer@example.com", regexp.MustCompile(order.ID)))(t)
	})
	t.Run("payments", func(t *testing.T) {
		// It goes down between the check of the payment method and the payment: the
		// order stands and is settled later.
		_, first := buy(t, buyer, st.product.ID, 1, "buyer@example.com", "test_slow", "order-before-payments-dies")
		part := s.Part(t, "payments")
		part.Kill(t)
		unavailable(t, buyer, http.MethodGet, "/v1/payments/"+first.Payment.ID)
		_, second := buy(t, buyer, st.product.ID, 1, "buyer@example.com", "test_ok", "order-while-payments-dead")
		if second.Status != "pending_payment" || second.Payment.Status != "pending" {
			t.Errorf("without payments the order is %s, its payment %s", second.Status, second.Payment.Status)
		}
		part.Start(t)
		part.AwaitReady(t)
		must(buyer.AwaitOrder(ctx, first.ID, "paid"))(t)
		must(buyer.AwaitOrder(ctx, second.ID, "paid"))(t)
	})
	settled(t, s)
}

// unavailable expects a quick 503 with Retry-After.
func unavailable(t *testing.T, c *shop.Client, method, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	reply, err := c.Do(ctx, method, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if reply.Status != http.StatusServiceUnavailable || reply.Header.Get("Retry-After") == "" {
		t.Errorf("%s %s answered %d, Retry-After %q: %s", method, path, reply.Status, reply.Header.Get("Retry-After"), reply.Body)
	}
}

// within repeats a step until it succeeds, for the given time at most.
func within(t *testing.T, patience time.Duration, step func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := step()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", patience, err)
		}
		<-time.After(20 * time.Millisecond)
	}
}
