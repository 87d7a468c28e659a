package service

import (
	"context"

	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/events"
)

// Subscriptions are what catalog hears. The service is asked for when an event comes.
func Subscriptions(svc func() *Service) []events.Subscription {
	return []events.Subscription{
		events.Hear("catalog.sell", func(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Paid]) error {
			return svc().Paid(ctx, tx, e)
		}),
		events.Hear("catalog.cancel", func(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Cancelled]) error {
			return svc().Cancelled(ctx, tx, e)
		}),
	}
}
