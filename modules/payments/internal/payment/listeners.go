package payment

import (
	"context"
	"errors"

	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/events"
)

// Subscriptions lists what payments listens to, for the service that will lie at s when
// the module is open.
func Subscriptions(s **Service) []events.Subscription {
	return []events.Subscription{events.Subscribe("payments.order_cancelled", events.On(s, (*Service).OrderCancelled))}
}

// OrderCancelled gives back what was captured for the order, and whatever may be
// captured later. An order whose payment was never asked for gets one that has failed,
// so that a belated Start takes no money.
func (s *Service) OrderCancelled(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Cancelled]) error {
	p, err := lockByOrder(ctx, tx, e.Body.GetOrder().GetId())
	if errors.Is(err, database.ErrNotFound) {
		return insertRows(ctx, tx, s.neverAsked(e.Body.GetOrder()))
	}
	if err != nil || p.Cancelled() {
		return err
	}
	p.CancelledAt, p.UpdatedAt = s.Now(), s.Now()
	if err := s.Refunds.QueueRest(ctx, tx, &p); err != nil {
		return err
	}
	return Update(ctx, tx, &p)
}

func (s *Service) neverAsked(o *ordersevents.Order) Payment {
	now := s.Now()
	return Payment{
		ID: o.GetPaymentId(), OrderID: o.GetId(), Status: Failed, Reason: reasonCancelled,
		Amount: o.GetTotal().GetAmount(), Currency: o.GetTotal().GetCurrency(), Email: o.GetEmail(), Locale: o.GetLocale(), BuyerID: o.GetBuyerId(),
		ExpiresAt: now, CancelledAt: now, Attempt: AttemptNone, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
}
