package service

import (
	"context"
	"errors"

	"app/modules/catalog/internal/store"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/events"
)

// Cancelled hears that an order will not be served: what was held or sold goes back.
// That is final: a payment or a checkout of the same order that arrives later, however
// late, takes nothing.
func (s *Service) Cancelled(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Cancelled]) error {
	sale := sale{s, tx, e.Body.GetOrder().GetId(), e.OccurredAt}
	for range tries {
		if done, err := sale.cancelHold(ctx); done || err != nil {
			return err
		}
		err := s.insertCancelledHold(ctx, tx, sale.orderID)
		if !errors.Is(err, store.ErrDuplicate) {
			return err
		}
		if final, err := sale.isHoldInState(ctx, store.Cancelled); final || err != nil {
			return err
		}
	}
	return errRace("hold")
}

// cancelHold gives back what is held or sold; false when the order has no hold that
// could be cancelled.
func (s sale) cancelHold(ctx context.Context) (bool, error) {
	if freed, err := s.releaseHeldUnits(ctx, s.tx, s.orderID, store.Cancelled); freed || err != nil {
		return freed, err
	}
	if returned, err := s.returnSoldUnits(ctx); returned || err != nil {
		return returned, err
	}
	for _, from := range []store.State{store.Released, store.Short} {
		if moved, err := store.MoveHold(ctx, s.tx, s.orderID, from, store.Cancelled); moved || err != nil {
			return moved, err
		}
	}
	return false, nil
}

// returnSoldUnits returns what was sold; false when nothing was.
func (s sale) returnSoldUnits(ctx context.Context) (bool, error) {
	moved, err := store.MoveHold(ctx, s.tx, s.orderID, store.Sold, store.Cancelled)
	if err != nil || !moved {
		return false, err
	}
	lines, err := store.LinesOf(ctx, s.tx, s.orderID)
	if err != nil {
		return false, err
	}
	for _, l := range lines {
		if err := (store.Shift{ProductID: l.ProductID, Sold: -l.Quantity}).MustApply(ctx, s.tx); err != nil {
			return false, err
		}
	}
	return true, s.recordMovements(ctx, lines, store.KindReturned)
}

// insertCancelledHold leaves a cancelled hold for an order that has none, so that
// nothing is held for it later. store.ErrDuplicate: it has one.
func (s *Service) insertCancelledHold(ctx context.Context, tx *database.Tx, orderID string) error {
	now := s.now()
	return store.InsertHold(ctx, tx, store.Hold{OrderID: orderID, State: store.Cancelled, ExpiresAt: now, CreatedAt: now})
}

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
