package service

import (
	"context"
	"fmt"
	"log/slog"

	"app/modules/catalog/catalogevents"
	"app/modules/orders/internal/store"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsevents"
	"app/platform/database"
	"app/platform/events"
)

// Hears lists what orders listens to. The service is asked for when an event comes, not
// before.
func Hears(s func() *Service) []events.Subscription {
	return []events.Subscription{
		events.Hear("orders.payment_succeeded", func(ctx context.Context, tx *database.Tx, e events.Event[*paymentsevents.Succeeded]) error {
			return s().PaymentSucceeded(ctx, tx, e.Body)
		}),
		events.Hear("orders.payment_failed", func(ctx context.Context, tx *database.Tx, e events.Event[*paymentsevents.Failed]) error {
			return s().PaymentFailed(ctx, tx, e.Body)
		}),
		events.Hear("orders.payment_refunded", func(ctx context.Context, tx *database.Tx, e events.Event[*paymentsevents.Refunded]) error {
			return s().PaymentRefunded(ctx, tx, e.Body)
		}),
		events.Hear("orders.stock_short", func(ctx context.Context, tx *database.Tx, e events.Event[*catalogevents.StockShort]) error {
			return s().StockShort(ctx, tx, e.Body)
		}),
	}
}

// PaymentSucceeded makes a waiting order paid. When it has been given up meanwhile, or
// its time is over, it is or becomes cancelled: payments, which hears that, gives the
// money back.
func (s *Service) PaymentSucceeded(ctx context.Context, tx *database.Tx, e *paymentsevents.Succeeded) error {
	o, err := s.heardOf(ctx, tx, e.GetOrderId(), e.GetPaymentId())
	switch {
	case err != nil:
		return err
	case o.Status != store.PendingPayment:
		return nil
	case s.isOrderExpired(o):
		return s.cancelOrder(ctx, tx, &o, store.PaymentSucceeded, ordersevents.CancelReason_CANCEL_REASON_PAYMENT_TIMEOUT)
	default:
		return s.markPaid(ctx, tx, &o)
	}
}

// PaymentFailed cancels a waiting order.
func (s *Service) PaymentFailed(ctx context.Context, tx *database.Tx, e *paymentsevents.Failed) error {
	o, err := s.heardOf(ctx, tx, e.GetOrderId(), e.GetPaymentId())
	if err != nil || o.Status != store.PendingPayment {
		return err
	}
	return s.cancelOrder(ctx, tx, &o, store.PaymentFailed, ordersevents.CancelReason_CANCEL_REASON_PAYMENT_FAILED)
}

// PaymentRefunded notes the refund. An order all of whose money went back before its
// payment was heard of is given up.
func (s *Service) PaymentRefunded(ctx context.Context, tx *database.Tx, e *paymentsevents.Refunded) error {
	o, err := s.heardOf(ctx, tx, e.GetOrderId(), e.GetPaymentId())
	if err != nil {
		return err
	}
	if e.GetFull() && o.Status == store.PendingPayment {
		err = s.cancelOrder(ctx, tx, &o, store.PaymentRefunded, ordersevents.CancelReason_CANCEL_REASON_PAYMENT_TIMEOUT)
		if err != nil {
			return err
		}
	}
	return s.recordRefund(ctx, tx, &o, fromWire(e.GetAmount()), e.GetMerchantId(), e.GetFull())
}

// StockShort cancels an order whose goods were gone when its payment came.
func (s *Service) StockShort(ctx context.Context, tx *database.Tx, e *catalogevents.StockShort) error {
	o, err := s.heardOf(ctx, tx, e.GetOrderId(), "")
	if err != nil || !Allowed(o.Status, store.Cancelled) {
		return err
	}
	return s.cancelOrder(ctx, tx, &o, o.PaymentStatus, ordersevents.CancelReason_CANCEL_REASON_STOCK_SHORT)
}

// heardOf reads the order an event is about. An unknown order, or a payment that is not
// the order's, is an error: the event stays visible as dead instead of being lost.
func (s *Service) heardOf(ctx context.Context, tx *database.Tx, orderID, paymentID string) (store.Order, error) {
	o, err := store.LockOrder(ctx, tx, orderID)
	if err != nil {
		return o, fmt.Errorf("order %s: %w", orderID, err)
	}
	if paymentID != "" && paymentID != o.PaymentID {
		s.Logger.ErrorContext(ctx, "event names another payment than the order", slog.String("order", orderID), slog.String("payment", paymentID))
		return o, fmt.Errorf("order %s has payment %s, not %s", orderID, o.PaymentID, paymentID)
	}
	return o, nil
}

func (s *Service) isOrderExpired(o store.Order) bool { return !s.Now().Before(o.ExpiresAt) }
