package hold

import (
	"context"
	"errors"
	"slices"
	"time"

	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
)

// Subscriptions are what holds subscribe to. The service lies at the address by the time
// that an event comes.
func Subscriptions(at **Service) []events.Subscription {
	return []events.Subscription{
		events.Subscribe("catalog.sell", events.On(at, (*Service).Paid)),
		events.Subscribe("catalog.cancel", events.On(at, (*Service).Cancelled)),
	}
}

// maxTries bounds how often a hold is looked at that others change.
const maxTries = 5

// Paid commits the hold of an order that is paid for: what was held is sold. If the hold
// has lapsed the units are reallocated; if any of them is gone by now none is taken, and
// StockShort says so, once. An order that was cancelled stays as it is.
func (s *Service) Paid(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Paid]) error {
	order := e.Body.GetOrder()
	t := transition{s, tx, order.GetId(), e.OccurredAt}
	for range maxTries {
		if done, err := t.commitHold(ctx); done || err != nil {
			return err
		}
		// A payment must not get lost because its hold was.
		err := t.insertHoldOf(ctx, order)
		if errors.Is(err, database.ErrDuplicate) {
			var final bool
			if final, err = t.isInState(ctx, Sold, Short, Cancelled); final {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return errChanged()
}

// Cancelled ends the hold of an order that will not be served: what was held or sold
// goes back. That is final: a payment or a checkout of the same order that arrives
// later, however late, takes nothing.
func (s *Service) Cancelled(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Cancelled]) error {
	t := transition{s, tx, e.Body.GetOrder().GetId(), e.OccurredAt}
	for range maxTries {
		if done, err := t.cancelHold(ctx); done || err != nil {
			return err
		}
		// Nothing is to be held for the order later.
		err := t.insertUnheld(ctx, Cancelled)
		if !errors.Is(err, database.ErrDuplicate) {
			return err
		}
		if final, err := t.isInState(ctx, Cancelled); final || err != nil {
			return err
		}
	}
	return errChanged()
}

// transition is the change of an order's hold that an event asks for.
type transition struct {
	*Service
	tx      *database.Tx
	orderID string
	at      time.Time // of the event
}

// isInState reports whether the order's hold is in one of the states. What it is not may
// change at any moment.
func (t transition) isInState(ctx context.Context, states ...State) (bool, error) {
	hold, err := holdOf(ctx, t.tx, t.orderID)
	return slices.Contains(states, hold.State), err
}

// insertUnheld leaves a hold in a state in which nothing is held, for an order that has
// none. The error is database.ErrDuplicate when it has one.
func (t transition) insertUnheld(ctx context.Context, state State) error {
	now := t.Now()
	return insertHold(ctx, t.tx, Hold{OrderID: t.orderID, State: state, ExpiresAt: now, CreatedAt: now})
}

// errChanged is the end of whoever found a hold changed again and again.
func errChanged() error {
	return fault.ChangedMeanwhile.Newf("The hold was changed by others at the same time. Try again.")
}
