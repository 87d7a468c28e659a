package order

import (
	"context"
	"fmt"
	"log/slog"

	"app/modules/catalog/catalogevents"
	"app/modules/payments/paymentsevents"
	"app/platform/database"
	"app/platform/events"
)

// Subscriptions lists what orders subscribe to. at is where the service lies once the
// module is open.
func Subscriptions(at **Service) []events.Subscription {
	return []events.Subscription{
		events.Subscribe("orders.payment_succeeded", events.On(at, (*Service).PaymentSucceeded)),
		events.Subscribe("orders.payment_failed", events.On(at, (*Service).PaymentFailed)),
		events.Subscribe("orders.payment_refunded", events.On(at, (*Service).PaymentRefunded)),
		events.Subscribe("orders.stock_short", events.On(at, (*Service).StockShort)),
	}
}

// PaymentSucceeded makes a waiting order paid. When it has been given up meanwhile, or
// its time is over, it is or becomes cancelled: payments, which subscribes to that,
// gives the money back.
func (s *Service) PaymentSucceeded(ctx context.Context, tx *database.Tx, e events.Event[*paymentsevents.Succeeded]) error {
	o, err := s.lockForEvent(ctx, tx, e.Body.GetOrderId(), e.Body.GetPaymentId())
	switch {
	case err != nil:
		return err
	case o.Status != PendingPayment:
		return nil
	case o.IsExpired(s.Now()):
		return s.CancelLocked(ctx, tx, &o, PaymentSucceeded, CancelledPaymentLate)
	default:
		return s.markPaid(ctx, tx, &o)
	}
}

// PaymentFailed cancels a waiting order.
func (s *Service) PaymentFailed(ctx context.Context, tx *database.Tx, e events.Event[*paymentsevents.Failed]) error {
	o, err := s.lockForEvent(ctx, tx, e.Body.GetOrderId(), e.Body.GetPaymentId())
	if err != nil || o.Status != PendingPayment {
		return err
	}
	return s.CancelLocked(ctx, tx, &o, PaymentFailed, CancelledPaymentFailed)
}

// PaymentRefunded notes the refund. An order all of whose money went back before its
// payment was known is given up.
func (s *Service) PaymentRefunded(ctx context.Context, tx *database.Tx, e events.Event[*paymentsevents.Refunded]) error {
	o, err := s.lockForEvent(ctx, tx, e.Body.GetOrderId(), e.Body.GetPaymentId())
	if err != nil {
		return err
	}
	if e.Body.GetFull() && o.Status == PendingPayment {
		if err := s.CancelLocked(ctx, tx, &o, PaymentRefunded, CancelledPaymentLate); err != nil {
			return err
		}
	}
	return s.recordRefund(ctx, tx, &o, e.Body)
}

// StockShort cancels an order whose goods were gone when its payment came.
func (s *Service) StockShort(ctx context.Context, tx *database.Tx, e events.Event[*catalogevents.StockShort]) error {
	o, err := s.lockForEvent(ctx, tx, e.Body.GetOrderId(), "")
	if err != nil || !o.Status.CanBecome(Cancelled) {
		return err
	}
	return s.CancelLocked(ctx, tx, &o, o.PaymentStatus, CancelledStockShort)
}

// lockForEvent reads the order an event is about. An unknown order, or a payment that
// is not the order's, is an error: the event stays visible as dead instead of being
// lost.
func (s *Service) lockForEvent(ctx context.Context, tx *database.Tx, orderID, paymentID string) (Order, error) {
	o, err := Lock(ctx, tx, orderID)
	if err != nil {
		return o, fmt.Errorf("order %s: %w", orderID, err)
	}
	if paymentID != "" && paymentID != o.PaymentID {
		s.Logger.ErrorContext(ctx, "event names another payment than the order", slog.String("order", orderID), slog.String("payment", paymentID))
		return o, fmt.Errorf("order %s has payment %s, not %s", orderID, o.PaymentID, paymentID)
	}
	return o, nil
}
