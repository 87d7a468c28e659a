package service

import (
	"context"
	"errors"
	"fmt"

	"app/modules/catalog/internal/store"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/events"
)

// Cancelled hears that an order will not be served: what was held or sold goes back. That is final: a payment or a
// checkout of the same order that arrives later, however late, takes nothing.
func (s *Service) Cancelled(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Cancelled]) error {
	id := e.Body.GetOrder().GetId()
	if freed, err := s.free(ctx, tx, id, store.Cancelled); freed || err != nil {
		return err
	}
	if returned, err := (sale{s, tx, id, e.OccurredAt}).undo(ctx); returned || err != nil {
		return err
	}
	for _, from := range []store.State{store.Released, store.Short} {
		if moved, err := store.MoveHold(ctx, tx, id, from, store.Cancelled); moved || err != nil {
			return err
		}
	}
	return s.bury(ctx, tx, id)
}

// undo returns what was sold; false when nothing was.
func (s sale) undo(ctx context.Context) (bool, error) {
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
	return true, s.record(ctx, lines, store.KindReturned)
}

// bury leaves a cancelled hold for an order that has none, so that nothing is held for it later.
func (s *Service) bury(ctx context.Context, tx *database.Tx, orderID string) error {
	now := s.now()
	err := store.InsertHold(ctx, tx, store.Hold{OrderID: orderID, State: store.Cancelled, ExpiresAt: now, CreatedAt: now})
	if !errors.Is(err, store.ErrDuplicate) {
		return err
	}
	hold, err := store.HoldOf(ctx, tx, orderID)
	if err == nil && hold.State != store.Cancelled {
		return fmt.Errorf("hold of %s became %s meanwhile", orderID, hold.State) // the event comes again
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
