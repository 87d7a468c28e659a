package service_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
	"app/platform/fault"
)

func TestFailure08_SameCartCompletedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
		twin := s.twin()
		var mu sync.Mutex
		ordered := map[string]bool{}
		errs := together(16, func(i int) error {
			o, err := []*service.Service{s.Service, twin}[i%2].Checkout(context.Background(), v, checkout(cart, fmt.Sprint("key of tab ", i)))
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				ordered[o.ID] = true
			}
			return err
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantReason(t, err, fault.FailedPrecondition, "cart_already_ordered")
		}
		if won != 1 || len(ordered) != 1 || s.count(`SELECT COUNT(*) FROM orders_orders`) != 1 {
			t.Errorf("%d checkouts succeeded with orders %v", won, ordered)
		}
		for id := range ordered {
			if s.catalog.wasReleased(id) {
				t.Error("a checkout that lost has released the hold of the one that won")
			}
			if diff := cmp.Diff([]string{"orders.Placed 1"}, s.told(id)); diff != "" {
				t.Errorf("told:\n%s", diff)
			}
		}
		if n := len(s.payments.starts()); n != 1 {
			t.Errorf("the money was asked for %d times", n)
		}
	})
}

func TestFailure08_SameRequestTwiceAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
		var mu sync.Mutex
		ordered := map[string]int{}
		s.must(together(16, func(int) error {
			o, err := s.Checkout(context.Background(), v, checkout(cart, "one key"))
			mu.Lock()
			defer mu.Unlock()
			ordered[o.ID]++
			return err
		})...)
		if len(ordered) != 1 || s.count(`SELECT COUNT(*) FROM orders_orders`) != 1 {
			t.Errorf("orders %v", ordered)
		}
	})
}

// The provider's news is there before the checkout has its answer: nothing is
// overwritten, nothing is done twice.
func TestFailure08_WebhookFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		var early error
		s.payments.startFn = func(_ context.Context, r *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
			early = s.succeeded(s.order(r.GetOrderId()))
			return &paymentsv1.StartResponse{PaymentId: r.GetPaymentId(), Status: paymentsv1.Status_STATUS_PENDING}, nil
		}
		o, _ := s.placed()
		s.must(early)
		s.must(s.succeeded(o))
		got := s.order(o.ID)
		if got.Status != store.Paid || got.PaymentStatus != store.PaymentSucceeded || !got.DueAt.IsZero() {
			t.Errorf("order is %s, payment %s, due %s", got.Status, got.PaymentStatus, got.DueAt)
		}
		if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Paid 2"}, s.told(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
	})
}

// Browser and webhook at the same time, many of each.
func TestFailure08_BrowserAndWebhook(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
		o, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
		s.must(err)
		s.must(together(16, func(i int) error {
			if i%2 == 0 {
				return s.succeeded(o)
			}
			_, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
			return err
		})...)
		if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Paid 2"}, s.told(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
	})
}

func TestFailure09_NewsOutOfOrderAndLate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		t.Run("three times at once", func(t *testing.T) {
			o, _ := s.placed()
			s.must(together(3, func(int) error { return s.succeeded(o) })...)
			if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Paid 2"}, s.told(o.ID)); diff != "" {
				t.Errorf("told:\n%s", diff)
			}
		})
		t.Run("success after a refund", func(t *testing.T) {
			o, _ := s.placed()
			s.must(s.succeeded(o), s.refunded(o, 1990, true), s.succeeded(o))
			s.wantStatus(o.ID, store.Refunded)
		})
		t.Run("refund before its success", func(t *testing.T) {
			o, _ := s.placed()
			s.must(s.refunded(o, 1990, true), s.succeeded(o))
			s.wantStatus(o.ID, store.Cancelled)
			if got := s.order(o.ID).PaymentStatus; got != store.PaymentRefunded {
				t.Errorf("payment is %s", got)
			}
		})
		t.Run("failure after success", func(t *testing.T) {
			o, _ := s.placed()
			s.must(s.succeeded(o), s.failed(o))
			s.wantStatus(o.ID, store.Paid)
		})
		t.Run("success after failure", func(t *testing.T) {
			o, _ := s.placed()
			s.must(s.failed(o), s.succeeded(o))
			s.wantStatus(o.ID, store.Cancelled)
		})
		t.Run("success when the time is over", func(t *testing.T) {
			o, _ := s.placed()
			s.clock.advance(holdTTL)
			s.must(s.succeeded(o))
			s.wantStatus(o.ID, store.Cancelled)
			if why := s.lastCancelled(o.ID); why.GetReason().String() != "CANCEL_REASON_PAYMENT_TIMEOUT" || why.GetWasPaid() {
				t.Errorf("cancelled for %v", why)
			}
		})
		t.Run("unknown order and foreign payment are kept as dead events", func(t *testing.T) {
			a, _ := s.placed()
			b, _ := s.placed()
			mixed := a
			mixed.PaymentID = b.PaymentID
			if s.succeeded(mixed) == nil {
				t.Error("a payment of another order was accepted")
			}
			mixed.ID = "ord_00000000000000000000000000"
			if s.succeeded(mixed) == nil {
				t.Error("news of an unknown order was swallowed")
			}
			s.wantStatus(a.ID, store.PendingPayment)
		})
	})
}

// A checkout that loses gives nothing back that belongs to the one that won.
func TestFailure10_CompensationLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
		// The first checkout is held up after its hold, until a second one has made the
		// order of the same hold.
		var won store.Order
		s.catalog.reserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
			s.catalog.reserveFn = nil
			answer, err := s.catalog.reserve(r)
			s.must(err)
			won, err = s.Checkout(ctx, v, checkout(cart, "second"))
			s.must(err)
			return answer, nil
		}
		_, err := s.Checkout(ctx, v, checkout(cart, "first"))
		wantReason(t, err, fault.FailedPrecondition, "cart_already_ordered")
		if s.catalog.wasReleased(won.ID) {
			t.Error("the failed run released the other run's hold")
		}

		t.Run("also after that one's payment failed", func(t *testing.T) {
			s.must(s.failed(won))
			o, _ := s.placed()
			if s.catalog.wasReleased(o.ID) {
				t.Error("a hold was released that nobody asked for")
			}
		})
	})
}

func TestFailure10_OwnHoldIsReleasedWhenTheCartMovedOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		product := s.catalog.add(merchantA, 1990)
		cart, v := s.guestCart(product)
		var held string
		s.catalog.reserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
			s.catalog.reserveFn = nil
			held = r.GetOrderId()
			s.put(cart, v, product, 2)
			return s.catalog.reserve(r)
		}
		_, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
		wantReason(t, err, fault.Aborted, "cart_changed")
		if !s.catalog.wasReleased(held) {
			t.Error("the hold of the old cart was kept")
		}
		o, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
		s.must(err)
		if o.ID == held || o.Lines[0].Quantity != 2 {
			t.Errorf("order %s of %d units", o.ID, o.Lines[0].Quantity)
		}
	})
}

// The order is written, the answer of payments never comes, and the buyer sends the
// same request again.
func TestFailure12_RepeatedRequestKeepsOrderAndPayment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		s.payments.startFn = func(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
			return nil, &fault.CallError{Module: "payments", Method: "Start", Code: fault.DeadlineExceeded, Reason: "deadline_exceeded"}
		}
		cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
		first, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
		s.must(err)
		again, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
		s.must(err)
		if first.ID != again.ID || first.PaymentID != again.PaymentID {
			t.Errorf("order %s with %s became %s with %s", first.ID, first.PaymentID, again.ID, again.PaymentID)
		}
		s.payments.startFn = nil
		s.clock.advance(startGrace)
		s.reconcile()
		for _, r := range s.payments.starts() {
			if r.GetPaymentId() != first.PaymentID || r.GetOrderId() != first.ID {
				t.Errorf("asked for %v", r)
			}
		}
	})
}

// A process stands still for longer than its request's lease, and the request runs
// again: whatever the second run meets when the first goes on, it answers with the
// first one's order.
func TestFailure12_FirstRunGoesOnDuringTheSecond(t *testing.T) {
	t.Parallel()
	answers := map[string]func() (*catalogv1.ReserveResponse, error){
		"hold_released": func() (*catalogv1.ReserveResponse, error) { return nil, refusal("Reserve", "hold_released") },
		"stock_short": func() (*catalogv1.ReserveResponse, error) {
			return nil, refusal("Reserve", "stock_short", &catalogv1.Shortage{})
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
			var first store.Order
			s.catalog.reserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
				s.catalog.reserveFn = nil
				var err error
				first, err = s.Checkout(context.Background(), v, checkout(cart, "k"))
				s.must(err)
				return answer()
			}
			second, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
			if err != nil || second.ID != first.ID {
				t.Errorf("the first run made %s, the second answered %s, %v", first.ID, second.ID, err)
			}
		})
	}
}

// Both runs find the hold gone. The first has given the cart another order id, and not
// made the order yet, when the second sees that the cart is another: to the buyer it is
// the same, and both runs answer with one order.
func TestFailure12_BothRunsRenewTheHold(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
	renewed, answered := make(chan struct{}), make(chan struct{})
	first := make(chan store.Order, 1)
	var calls atomic.Int32
	s.catalog.reserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		switch calls.Add(1) {
		case 1: // of the second run, which meets the first
			go func() {
				o, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
				if err != nil {
					t.Errorf("the first run: %v", err)
				}
				first <- o
			}()
			<-renewed
			return nil, refusal("Reserve", "hold_released")
		case 2: // of the first run
			return nil, refusal("Reserve", "hold_released")
		case 3: // of the first run, under the new id
			close(renewed)
			<-answered
		}
		return s.catalog.reserve(r)
	}
	second, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
	close(answered)
	if o := <-first; err != nil || second.ID != o.ID || second.ID == "" {
		t.Errorf("the first run made %s, the second answered %s, %v", o.ID, second.ID, err)
	}
}

// Nothing is told of an order that was rolled back.
func TestFailure14_NoEventWithoutAnOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		o, _ := s.placed()
		broken := errors.New("broken")
		err := s.hear(func(ctx context.Context, tx *database.Tx) error {
			return errors.Join(s.PaymentSucceeded(ctx, tx, succeeded(o)), broken)
		})
		if err.Error() != broken.Error() {
			t.Fatal(err)
		}
		s.wantStatus(o.ID, store.PendingPayment)
		if diff := cmp.Diff([]string{"orders.Placed 1"}, s.told(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
	})
}
