package order

import (
	"context"

	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsevents"
	"app/platform/database"
	"app/platform/events"
)

// Place stores a new order with its lines and the first entry of its timeline, and
// emits Placed. The error is database.ErrDuplicate when the id or the checkout key is
// taken.
func Place(ctx context.Context, tx *database.Tx, o Order) error {
	if err := insert(ctx, tx, o); err != nil {
		return err
	}
	if err := insertEntry(ctx, tx, o.ID, o.Timeline[0]); err != nil {
		return err
	}
	return events.Emit(ctx, tx, eventKey(o), &ordersevents.Placed{Order: eventOrder(o)})
}

// store makes a change of an order that the transaction has locked, and keeps it.
func (s *Service) store(ctx context.Context, tx *database.Tx, o *Order, c change) error {
	if err := applyChange(o, c, s.Now()); err != nil {
		return err
	}
	if err := update(ctx, tx, *o); err != nil {
		return err
	}
	return insertEntry(ctx, tx, o.ID, o.Timeline[len(o.Timeline)-1])
}

// markPaid makes an order paid and emits Paid.
func (s *Service) markPaid(ctx context.Context, tx *database.Tx, o *Order) error {
	if err := s.store(ctx, tx, o, o.payment()); err != nil {
		return err
	}
	return events.Emit(ctx, tx, eventKey(*o), &ordersevents.Paid{Order: eventOrder(*o)})
}

// CancelLocked cancels an order that the transaction has locked, and emits Cancelled.
// payment is what is known of its payment now. When it is the payment that failed, the
// cart is open again so that the buyer can try another way to pay.
func (s *Service) CancelLocked(ctx context.Context, tx *database.Tx, o *Order, payment PaymentStatus, why CancelReason) error {
	wasPaid := o.Status == Paid && o.Total.Amount > 0 // of a free order nothing goes back
	if err := s.store(ctx, tx, o, cancellation(payment, why)); err != nil {
		return err
	}
	if why.isUnpaid() {
		if err := s.Carts.Reopen(ctx, tx, o.CartID, o.ID); err != nil {
			return err
		}
	}
	return events.Emit(ctx, tx, eventKey(*o), &ordersevents.Cancelled{
		Order: eventOrder(*o), Reason: eventReasons[why], WasPaid: wasPaid,
	})
}

// recordRefund notes money given back, by a merchant from its part or by the shop.
func (s *Service) recordRefund(ctx context.Context, tx *database.Tx, o *Order, e *paymentsevents.Refunded) error {
	amount, merchant := e.GetAmount().Value(), e.GetMerchantId()
	if merchant != "" {
		if err := refundPart(ctx, tx, *o, merchant, amount.Amount); err != nil {
			return err
		}
	}
	return s.store(ctx, tx, o, o.refund(amount, merchant, e.GetFull()))
}

func eventKey(o Order) events.Key {
	return events.Key{Aggregate: "order", ID: o.ID, Version: o.Version}
}

var eventReasons = map[CancelReason]ordersevents.CancelReason{
	CancelledByBuyer:       ordersevents.CancelReason_CANCEL_REASON_BY_BUYER,
	CancelledByMerchant:    ordersevents.CancelReason_CANCEL_REASON_BY_MERCHANT,
	CancelledPaymentFailed: ordersevents.CancelReason_CANCEL_REASON_PAYMENT_FAILED,
	CancelledPaymentLate:   ordersevents.CancelReason_CANCEL_REASON_PAYMENT_TIMEOUT,
	CancelledStockShort:    ordersevents.CancelReason_CANCEL_REASON_STOCK_SHORT,
}
