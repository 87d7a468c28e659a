package service

import (
	"context"
	"errors"

	"app/modules/orders/ordersevents"
	"app/modules/payments/internal/store"
	"app/platform/database"
	"app/platform/events"
)

// Hears lists what payments listens to. The service is asked for when an event comes,
// not before.
func Hears(s func() *Service) []events.Subscription {
	return []events.Subscription{
		events.Hear("payments.order_cancelled", func(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Cancelled]) error {
			return s().OrderCancelled(ctx, tx, e.Body)
		}),
	}
}

// OrderCancelled gives back what was captured for the order, and whatever may be
// captured later. An order whose payment was never asked for gets one that has failed,
// so that a belated Start takes no money.
func (s *Service) OrderCancelled(ctx context.Context, tx *database.Tx, e *ordersevents.Cancelled) error {
	p, err := store.LockPaymentOfOrder(ctx, tx, e.GetOrder().GetId())
	if errors.Is(err, store.ErrNotFound) {
		return store.InsertPayment(ctx, tx, s.neverAsked(e.GetOrder()))
	}
	if err != nil || !p.CancelledAt.IsZero() {
		return err
	}
	p.CancelledAt, p.UpdatedAt = s.Now(), s.Now()
	if err := s.queueRest(ctx, tx, &p); err != nil {
		return err
	}
	return store.UpdatePayment(ctx, tx, &p)
}

func (s *Service) neverAsked(o *ordersevents.Order) store.Payment {
	now := s.Now()
	return store.Payment{
		ID: o.GetPaymentId(), OrderID: o.GetId(), Status: store.Failed, Reason: reasonCancelled,
		Amount: o.GetTotal().GetAmount(), Currency: o.GetTotal().GetCurrency(), Email: o.GetEmail(), Locale: o.GetLocale(), BuyerID: o.GetBuyerId(),
		ExpiresAt: now, CancelledAt: now, Attempt: store.AttemptNone, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
}
