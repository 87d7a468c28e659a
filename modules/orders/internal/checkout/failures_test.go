package checkout_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/checkout"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/orderstest"
	"app/modules/payments/paymentsv1"
	"app/platform/fault"
	"app/platform/operation/operationtest"
)

func TestFailure08_SameCartCompletedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
		twin := s.Twin()
		var mu sync.Mutex
		ordered := map[string]bool{}
		errs := orderstest.Together(16, func(i int) error {
			o, err := []*checkout.Service{s.Checkouts, twin.Checkouts}[i%2].Place(context.Background(), v, orderstest.Request(cartID, fmt.Sprint("key of tab ", i)))
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
			orderstest.WantReason(t, err, fault.FailedPrecondition, "cart_already_ordered")
		}
		if won != 1 || len(ordered) != 1 || s.Count(`SELECT COUNT(*) FROM orders_orders`) != 1 {
			t.Errorf("%d checkouts succeeded with orders %v", won, ordered)
		}
		for id := range ordered {
			if s.Catalog.WasReleased(id) {
				t.Error("a checkout that lost has released the hold of the one that won")
			}
			if diff := cmp.Diff([]string{"orders.Placed 1"}, s.Emitted(id)); diff != "" {
				t.Errorf("told:\n%s", diff)
			}
		}
		if n := len(s.Payments.Starts()); n != 1 {
			t.Errorf("the money was asked for %d times", n)
		}
	})
}

func TestFailure08_SameRequestTwiceAtOnce(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
		var mu sync.Mutex
		ordered := map[string]int{}
		s.Must(orderstest.Together(16, func(int) error {
			o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "one key"))
			mu.Lock()
			defer mu.Unlock()
			ordered[o.ID]++
			return err
		})...)
		if len(ordered) != 1 || s.Count(`SELECT COUNT(*) FROM orders_orders`) != 1 {
			t.Errorf("orders %v", ordered)
		}
	})
}

// The provider's news is there before the checkout has its answer: nothing is
// overwritten, nothing is done twice.
func TestFailure08_WebhookFirst(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		var early error
		s.Payments.StartFn = func(_ context.Context, r *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
			early = s.Succeeded(s.Order(r.GetOrderId()))
			return &paymentsv1.StartResponse{PaymentId: r.GetPaymentId(), Status: paymentsv1.Status_STATUS_PENDING}, nil
		}
		o, _ := s.Placed()
		s.Must(early)
		s.Must(s.Succeeded(o))
		got := s.Order(o.ID)
		if got.Status != order.Paid || got.PaymentStatus != order.PaymentSucceeded || !got.DueAt.IsZero() {
			t.Errorf("order is %s, payment %s, due %s", got.Status, got.PaymentStatus, got.DueAt)
		}
		if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Paid 2"}, s.Emitted(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
	})
}

// Browser and webhook at the same time, many of each.
func TestFailure08_BrowserAndWebhook(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
		o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
		s.Must(err)
		s.Must(orderstest.Together(16, func(i int) error {
			if i%2 == 0 {
				return s.Succeeded(o)
			}
			_, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
			return err
		})...)
		if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Paid 2"}, s.Emitted(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
	})
}

// A checkout that loses gives nothing back that belongs to the one that won.
func TestFailure10_CompensationLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		ctx := context.Background()
		cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
		// The first checkout is held up after its hold, until a second one has made the
		// order of the same hold.
		var won order.Order
		s.Catalog.ReserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
			s.Catalog.ReserveFn = nil
			answer, err := s.Catalog.Hold(r)
			s.Must(err)
			won, err = s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "second"))
			s.Must(err)
			return answer, nil
		}
		_, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "first"))
		orderstest.WantReason(t, err, fault.FailedPrecondition, "cart_already_ordered")
		if s.Catalog.WasReleased(won.ID) {
			t.Error("the failed run released the other run's hold")
		}

		t.Run("also after that one's payment failed", func(t *testing.T) {
			s.Must(s.Failed(won))
			o, _ := s.Placed()
			if s.Catalog.WasReleased(o.ID) {
				t.Error("a hold was released that nobody asked for")
			}
		})
	})
}

func TestFailure10_OwnHoldIsReleasedWhenTheCartMovedOn(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		product := s.Catalog.Add(orderstest.MerchantA, 1990)
		cartID, v := s.GuestCart(product)
		var held string
		s.Catalog.ReserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
			s.Catalog.ReserveFn = nil
			held = r.GetOrderId()
			s.Put(cartID, v, product, 2)
			return s.Catalog.Hold(r)
		}
		_, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
		orderstest.WantReason(t, err, fault.Aborted, "cart_changed")
		if !s.Catalog.WasReleased(held) {
			t.Error("the hold of the old cart was kept")
		}
		o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
		s.Must(err)
		if o.ID == held || o.Lines[0].Quantity != 2 {
			t.Errorf("order %s of %d units", o.ID, o.Lines[0].Quantity)
		}
	})
}

// The order is written, the answer of payments never comes, and the buyer sends the
// same request again.
func TestFailure12_RepeatedRequestKeepsOrderAndPayment(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		s.Payments.StartFn = func(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
			return nil, &fault.CallError{Module: "payments", Method: "Start", Code: fault.DeadlineExceeded, Reason: "deadline_exceeded"}
		}
		cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
		first, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
		s.Must(err)
		again, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
		s.Must(err)
		if first.ID != again.ID || first.PaymentID != again.PaymentID {
			t.Errorf("order %s with %s became %s with %s", first.ID, first.PaymentID, again.ID, again.PaymentID)
		}
		s.Payments.StartFn = nil
		s.Clock.Advance(orderstest.StartGrace)
		s.Reconcile()
		for _, r := range s.Payments.Starts() {
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
		"hold_released": func() (*catalogv1.ReserveResponse, error) { return nil, orderstest.Refusal("Reserve", "hold_released") },
		"stock_short": func() (*catalogv1.ReserveResponse, error) {
			return nil, orderstest.Refusal("Reserve", "stock_short", &catalogv1.Shortage{})
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := orderstest.New(t)
			cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
			var first order.Order
			s.Catalog.ReserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
				s.Catalog.ReserveFn = nil
				var err error
				first, err = s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
				s.Must(err)
				return answer()
			}
			second, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
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
	s := orderstest.New(t)
	cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
	renewed, answered := make(chan struct{}), make(chan struct{})
	first := make(chan order.Order, 1)
	var calls atomic.Int32
	s.Catalog.ReserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		switch calls.Add(1) {
		case 1: // of the second run, which meets the first
			go func() {
				o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
				if err != nil {
					t.Errorf("the first run: %v", err)
				}
				first <- o
			}()
			<-renewed
			return nil, orderstest.Refusal("Reserve", "hold_released")
		case 2: // of the first run
			return nil, orderstest.Refusal("Reserve", "hold_released")
		case 3: // of the first run, under the new id
			close(renewed)
			<-answered
		}
		return s.Catalog.Hold(r)
	}
	second, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
	close(answered)
	if o := <-first; err != nil || second.ID != o.ID || second.ID == "" {
		t.Errorf("the first run made %s, the second answered %s, %v", o.ID, second.ID, err)
	}
}

// The hold of an earlier attempt is about to lapse and has the last unit. While one run
// gives it up for a new one, the other run of the request finds the cart under its new
// order id: the unit is there for whichever of them comes first, and both answer with
// one order.
func TestFailure12_TheUnitOfAHoldThatIsGivenUpIsNeverMissed(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
	before, err := s.Carts.Get(context.Background(), v, cartID)
	s.Must(err)
	s.Catalog.Holds[before.OrderID] = s.Clock.Now().Add(time.Minute)
	holder := before.OrderID // of the one unit there is
	var second order.Order
	begun := false
	other := func() {
		if begun {
			return
		}
		begun = true
		var err error
		second, err = s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
		if err != nil {
			t.Errorf("the other run: %v", err)
		}
	}
	s.Catalog.ReleaseFn = func(*catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error) {
		other()
		holder = ""
		return &catalogv1.ReleaseResponse{}, nil
	}
	s.Catalog.ReserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		if r.GetOrderId() != before.OrderID {
			other()
		}
		if holder != "" && holder != r.GetOrderId() && holder != r.GetReplacesOrderId() {
			return nil, orderstest.Refusal("Reserve", "stock_short", &catalogv1.Shortage{})
		}
		holder = r.GetOrderId()
		return s.Catalog.Hold(r)
	}
	first, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
	if err != nil || first.ID != second.ID || first.ID == before.OrderID {
		t.Errorf("one run answered %s, %v, the other %s; the hold that was given up is %s", first.ID, err, second.ID, before.OrderID)
	}
}

// A process stands still for longer than its request's lease. The repetition is refused,
// for good, because the stock is gone; then stock comes back, and the first run goes on.
// One key has one answer, and there is no order that its buyer was told is none.
func TestFailure12_ARunGivenUpForLostMakesNoOrder(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	path, token := a.Cart(orderstest.Nobody, orderstest.Chair)
	checkOut := func() operationtest.Reply {
		return a.Call(orderstest.Nobody, "POST", path+"/checkout", orderstest.Payment, token, "Idempotency-Key: k")
	}
	a.Shop.Catalog.ReserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		a.Shop.Clock.Advance(2 * orderstest.Lease)
		a.Shop.Catalog.ReserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
			return nil, orderstest.Refusal("Reserve", "stock_short", &catalogv1.Shortage{})
		}
		operationtest.WantProblem(t, checkOut(), http.StatusConflict, "stock_short")
		a.Shop.Catalog.ReserveFn = nil
		return a.Shop.Catalog.Hold(r)
	}
	operationtest.WantProblem(t, checkOut(), http.StatusConflict, "idempotency_in_flight")
	operationtest.WantProblem(t, checkOut(), http.StatusConflict, "stock_short")
	if n := len(a.Shop.Payments.Starts()); n != 0 {
		t.Errorf("%d payments were asked for", n)
	}
}
