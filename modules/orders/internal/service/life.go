package service

import (
	"context"
	"fmt"
	"slices"
	"time"

	"app/modules/orders/internal/store"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/ids"
	"app/platform/money"
)

// edges are the only steps an order's status takes. Whatever arrives in whatever order,
// nothing else happens to it.
var edges = map[store.Status][]store.Status{
	store.PendingPayment: {store.Paid, store.Cancelled},
	store.Paid:           {store.Cancelled, store.Refunded},
}

// Allowed reports whether an order may step from one status to the other.
func Allowed(from, to store.Status) bool { return slices.Contains(edges[from], to) }

// step is one thing that happens to an order: it moves the status or leaves it, and
// always makes an entry of the timeline and a version.
type step struct {
	to            store.Status
	payment       store.PaymentStatus
	event, detail string
	merchant      string // from whose part a refund was
	amount        int64  // of a refund
}

// applyTransition stores the step. An order that waits for nothing any more is off the
// reconciler's list.
func (s *Service) applyTransition(ctx context.Context, tx *database.Tx, o *store.Order, st step) error {
	if st.to != o.Status && !Allowed(o.Status, st.to) {
		return fmt.Errorf("order %s cannot go from %s to %s", o.ID, o.Status, st.to)
	}
	o.Status, o.PaymentStatus, o.UpdatedAt = st.to, laterPaymentStatus(o.PaymentStatus, st.payment), s.Now()
	if o.Status != store.PendingPayment {
		o.DueAt = time.Time{}
	}
	if err := store.UpdateOrder(ctx, tx, *o); err != nil {
		return err
	}
	o.Version++
	entry := store.Entry{Version: o.Version, At: o.UpdatedAt, Event: st.event, Detail: st.detail, MerchantID: st.merchant, Amount: st.amount}
	o.Timeline = append(o.Timeline, entry)
	return store.InsertEntry(ctx, tx, o.ID, entry)
}

// laterPaymentStatus is the more advanced of two states of a payment: news of it may
// come in any order.
func laterPaymentStatus(a, b store.PaymentStatus) store.PaymentStatus {
	rank := []store.PaymentStatus{store.PaymentPending, store.PaymentFailed, store.PaymentSucceeded, store.PaymentRefunded}
	if slices.Index(rank, b) > slices.Index(rank, a) {
		return b
	}
	return a
}

// markPaid takes an order to paid and tells it.
func (s *Service) markPaid(ctx context.Context, tx *database.Tx, o *store.Order) error {
	err := s.applyTransition(ctx, tx, o, step{to: store.Paid, payment: store.PaymentSucceeded, event: "paid", detail: o.Total.String()})
	if err != nil {
		return err
	}
	return events.Emit(ctx, tx, keyOf(*o), &ordersevents.Paid{Order: orderEventPayload(*o)})
}

// reasons name why an order was cancelled, in the timeline.
var reasons = map[ordersevents.CancelReason]string{
	ordersevents.CancelReason_CANCEL_REASON_BY_BUYER:        "by the buyer",
	ordersevents.CancelReason_CANCEL_REASON_BY_MERCHANT:     "by the merchant",
	ordersevents.CancelReason_CANCEL_REASON_PAYMENT_FAILED:  "the payment failed",
	ordersevents.CancelReason_CANCEL_REASON_PAYMENT_TIMEOUT: "the payment did not come in time",
	ordersevents.CancelReason_CANCEL_REASON_STOCK_SHORT:     "the goods were gone when the payment came",
}

// cancelOrder takes an order to cancelled and tells it. When it is the payment that
// failed, the cart is open again so that the buyer can try another way to pay.
func (s *Service) cancelOrder(ctx context.Context, tx *database.Tx, o *store.Order, payment store.PaymentStatus, why ordersevents.CancelReason) error {
	wasPaid := o.Status == store.Paid && o.Total.Amount > 0 // of a free order nothing goes back
	err := s.applyTransition(ctx, tx, o, step{to: store.Cancelled, payment: payment, event: "cancelled", detail: reasons[why]})
	if err != nil {
		return err
	}
	if why == ordersevents.CancelReason_CANCEL_REASON_PAYMENT_FAILED || why == ordersevents.CancelReason_CANCEL_REASON_PAYMENT_TIMEOUT {
		if err := s.reopenCart(ctx, tx, o); err != nil {
			return err
		}
	}
	return events.Emit(ctx, tx, keyOf(*o), &ordersevents.Cancelled{Order: orderEventPayload(*o), Reason: why, WasPaid: wasPaid})
}

// reopenCart gives the buyer the cart back, with another order id for its next
// checkout.
func (s *Service) reopenCart(ctx context.Context, tx *database.Tx, o *store.Order) error {
	cart, err := store.LockCart(ctx, tx, o.CartID)
	if err != nil {
		return fmt.Errorf("cart of order %s: %w", o.ID, err)
	}
	if cart.State != store.CartOrdered || cart.OrderID != o.ID {
		return nil
	}
	cart.State, cart.OrderID, cart.UpdatedAt = store.CartOpen, ids.New("ord", s.Now()), s.Now()
	return store.UpdateCart(ctx, tx, cart, o.ID)
}

// recordRefund notes money given back, by a merchant from its part or by the shop; when
// it is all of a paid order, the order is refunded.
func (s *Service) recordRefund(ctx context.Context, tx *database.Tx, o *store.Order, amount money.Money, merchant string, full bool) error {
	st := step{
		to: o.Status, payment: store.PaymentSucceeded, event: "refund_issued", detail: amount.String(),
		merchant: merchant, amount: amount.Amount,
	}
	if full {
		st.payment = store.PaymentRefunded
	}
	if full && o.Status == store.Paid {
		st.to, st.event = store.Refunded, "refunded"
	}
	if merchant != "" {
		if err := store.RefundPart(ctx, tx, *o, merchant, amount.Amount); err != nil {
			return err
		}
	}
	return s.applyTransition(ctx, tx, o, st)
}
