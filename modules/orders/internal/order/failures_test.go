package order_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/orderstest"
	"app/modules/payments/paymentsevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/money"
)

func TestFailure18_AnothersOrdersAreNotFound(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	ctx := context.Background()
	o, buyer := s.Placed() // of mrc_a
	s.Merchants.Held[orderstest.MerchantB+"/usr_bob"] = merchantsv1.Role_ROLE_OWNER
	other, stranger := s.GuestCart()
	for name, v := range map[string]caller.Caller{"member of another merchant": orderstest.User("usr_bob"), "another guest": stranger, "nobody": {}} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Orders.Get(ctx, v, o.ID)
			orderstest.WantReason(t, err, fault.NotFound, "order_not_found")
			_, err = s.Orders.Cancel(ctx, v, o.ID)
			orderstest.WantReason(t, err, fault.NotFound, "order_not_found")
			_, err = s.Carts.Get(ctx, v, o.CartID)
			orderstest.WantReason(t, err, fault.NotFound, "cart_not_found")
			_, err = s.Carts.EditLine(ctx, v, cart.Edit{CartID: o.CartID, ProductID: o.Lines[0].ProductID, Quantity: 1})
			orderstest.WantReason(t, err, fault.NotFound, "cart_not_found")
		})
	}
	_, err := s.Orders.List(ctx, orderstest.User("usr_bob"), order.Filter{MerchantID: orderstest.MerchantA, Limit: 10})
	orderstest.WantReason(t, err, fault.NotFound, "merchant_not_found")
	_, err = s.Orders.List(ctx, caller.Caller{Principal: identity.Principal{Merchant: orderstest.MerchantB, Method: identity.APIKey}}, order.Filter{Limit: 10})
	orderstest.WantReason(t, err, fault.PermissionDenied, "permission_denied")
	_, err = s.Carts.Get(ctx, buyer, other)
	orderstest.WantReason(t, err, fault.NotFound, "cart_not_found")
	s.WantStatus(o.ID, order.PendingPayment)
}

func TestFailure09_NewsOutOfOrderAndLate(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		t.Run("three times at once", func(t *testing.T) {
			o, _ := s.Placed()
			s.Must(orderstest.Together(3, func(int) error { return s.Succeeded(o) })...)
			if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Paid 2"}, s.Emitted(o.ID)); diff != "" {
				t.Errorf("told:\n%s", diff)
			}
		})
		t.Run("success after a refund", func(t *testing.T) {
			o, _ := s.Placed()
			s.Must(s.Succeeded(o), s.Refunded(o, 1990, true), s.Succeeded(o))
			s.WantStatus(o.ID, order.Refunded)
		})
		t.Run("refund before its success", func(t *testing.T) {
			o, _ := s.Placed()
			s.Must(s.Refunded(o, 1990, true), s.Succeeded(o))
			s.WantStatus(o.ID, order.Cancelled)
			if got := s.Order(o.ID).PaymentStatus; got != order.PaymentRefunded {
				t.Errorf("payment is %s", got)
			}
		})
		t.Run("failure after success", func(t *testing.T) {
			o, _ := s.Placed()
			s.Must(s.Succeeded(o), s.Failed(o))
			s.WantStatus(o.ID, order.Paid)
		})
		t.Run("success after failure", func(t *testing.T) {
			o, _ := s.Placed()
			s.Must(s.Failed(o), s.Succeeded(o))
			s.WantStatus(o.ID, order.Cancelled)
		})
		t.Run("success when the time is over", func(t *testing.T) {
			o, _ := s.Placed()
			s.Clock.Advance(orderstest.HoldTTL)
			s.Must(s.Succeeded(o))
			s.WantStatus(o.ID, order.Cancelled)
			if why := s.LastCancelled(o.ID); why.GetReason().String() != "CANCEL_REASON_PAYMENT_TIMEOUT" || why.GetWasPaid() {
				t.Errorf("cancelled for %v", why)
			}
		})
		t.Run("unknown order and foreign payment are kept as dead events", func(t *testing.T) {
			a, _ := s.Placed()
			b, _ := s.Placed()
			mixed := a
			mixed.PaymentID = b.PaymentID
			if s.Succeeded(mixed) == nil {
				t.Error("a payment of another order was accepted")
			}
			mixed.ID = "ord_00000000000000000000000000"
			if s.Succeeded(mixed) == nil {
				t.Error("news of an unknown order was swallowed")
			}
			s.WantStatus(a.ID, order.PendingPayment)
		})
	})
}

// Nothing is told of an order that was rolled back.
func TestFailure14_NoEventWithoutAnOrder(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		o, _ := s.Placed()
		broken := errors.New("broken")
		err := s.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			paid := events.Event[*paymentsevents.Succeeded]{Body: orderstest.SucceededEvent(o)}
			return errors.Join(s.Orders.PaymentSucceeded(ctx, tx, paid), broken)
		})
		if err.Error() != broken.Error() {
			t.Fatal(err)
		}
		s.WantStatus(o.ID, order.PendingPayment)
		if diff := cmp.Diff([]string{"orders.Placed 1"}, s.Emitted(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
	})
}

// shared is a paid order of 10.00 of merchant A and 7,777.00 of merchant B, and the
// callers who may see a part of it.
func shared(s *orderstest.Shop) (o order.Order, annOfA, bobOfB caller.Caller) {
	s.T.Helper()
	s.Merchants.Held[orderstest.MerchantA+"/usr_ann"] = merchantsv1.Role_ROLE_VIEWER
	s.Merchants.Held[orderstest.MerchantB+"/usr_bob"] = merchantsv1.Role_ROLE_MANAGER
	cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1000), s.Catalog.Add(orderstest.MerchantB, 777700))
	o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "shared "+cartID))
	s.Must(err, s.Succeeded(o))
	return o, orderstest.User("usr_ann"), orderstest.User("usr_bob")
}

// wantSeen checks what a caller reads of an order, alone and, when it is one
// merchant's, in a list.
func wantSeen(s *orderstest.Shop, id string, v caller.Caller, merchant, want string) {
	s.T.Helper()
	view, err := s.Orders.Get(context.Background(), v, id)
	s.Must(err)
	var steps []string
	for _, e := range view.Timeline {
		of := string(e.Reason)
		if of == "" {
			of = money.Money{Amount: e.Amount, Currency: view.Total.Currency}.String()
		}
		steps = append(steps, string(e.Event)+" "+of)
	}
	got := fmt.Sprintf("%s, payment %s, %s: %s", view.Status, view.PaymentStatus, view.Total, strings.Join(steps, ", "))
	if got != want {
		s.T.Errorf("sees\n%s, want\n%s", got, want)
	}
	listed, err := s.Orders.List(context.Background(), v, order.Filter{MerchantID: merchant, Limit: 10})
	s.Must(err)
	i := slices.IndexFunc(listed, func(o order.View) bool { return o.ID == id })
	if i < 0 || listed[i].Status != view.Status || listed[i].PaymentStatus != view.PaymentStatus || listed[i].Total != view.Total {
		s.T.Errorf("the list has %+v, the order is %s, %s, %s", listed, view.Status, view.PaymentStatus, view.Total)
	}
}

func TestFault11_MerchantsSeeTheirPartOfAnOrder(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		t.Run("refunds of others are not seen, one's own part is refunded with it", func(t *testing.T) {
			o, ann, bob := shared(s)
			s.Must(s.RefundedBy(o, orderstest.MerchantB, 7700, false))
			wantSeen(s, o.ID, ann, orderstest.MerchantA, "paid, payment succeeded, 10.00 EUR: placed 10.00 EUR, paid 10.00 EUR")
			wantSeen(s, o.ID, bob, orderstest.MerchantB,
				"paid, payment succeeded, 7777.00 EUR: placed 7777.00 EUR, paid 7777.00 EUR, refund_issued 77.00 EUR")
			s.Must(s.RefundedBy(o, orderstest.MerchantA, 400, false))
			s.Must(s.RefundedBy(o, orderstest.MerchantA, 600, false))
			wantSeen(s, o.ID, ann, orderstest.MerchantA, "refunded, payment refunded, 10.00 EUR: "+
				"placed 10.00 EUR, paid 10.00 EUR, refund_issued 4.00 EUR, refunded 6.00 EUR")
			wantSeen(s, o.ID, bob, orderstest.MerchantB,
				"paid, payment succeeded, 7777.00 EUR: placed 7777.00 EUR, paid 7777.00 EUR, refund_issued 77.00 EUR")
			s.Must(s.RefundedBy(o, orderstest.MerchantB, 770000, true))
			s.WantStatus(o.ID, order.Refunded)
			wantSeen(s, o.ID, ann, orderstest.MerchantA, "refunded, payment refunded, 10.00 EUR: "+
				"placed 10.00 EUR, paid 10.00 EUR, refund_issued 4.00 EUR, refunded 6.00 EUR")
		})
		t.Run("the shop gives all back", func(t *testing.T) {
			o, ann, _ := shared(s)
			s.Must(s.RefundedBy(o, "", 5000, false)) // an administrator, from nobody's part
			wantSeen(s, o.ID, ann, orderstest.MerchantA, "paid, payment succeeded, 10.00 EUR: placed 10.00 EUR, paid 10.00 EUR")
			s.Must(s.StockShort(o))
			s.Must(s.RefundedBy(o, "", 773700, true))
			wantSeen(s, o.ID, ann, orderstest.MerchantA, "cancelled, payment refunded, 10.00 EUR: "+
				"placed 10.00 EUR, paid 10.00 EUR, cancelled stock_short, refunded 10.00 EUR")
		})
		t.Run("a refund that an earlier release noted is nobody's", func(t *testing.T) {
			o, ann, _ := shared(s)
			s.Must(s.Refunded(o, 777700, false))
			wantSeen(s, o.ID, ann, orderstest.MerchantA, "paid, payment succeeded, 10.00 EUR: placed 10.00 EUR, paid 10.00 EUR")
		})
	})
}
