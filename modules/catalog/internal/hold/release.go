package hold

import (
	"context"
	"errors"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/stock"
	"app/platform/database"
)

// Release gives back the hold of an order that was never placed. Without a hold it does
// nothing. What is sold stays sold: an order that was paid is cancelled, not released.
// Errors: failed_precondition (hold_sold).
func (s *Service) Release(ctx context.Context, orderID string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		released, err := releaseHeldUnits(ctx, tx, orderID, Released)
		if released || err != nil {
			return err
		}
		hold, err := holdOf(ctx, tx, orderID)
		switch {
		case errors.Is(err, database.ErrNotFound):
			return nil
		case err == nil && hold.State == Sold:
			return catalogv1.HoldSold.New()
		}
		return err
	})
}

// releaseHeldUnits takes a hold from Held to another state and gives its units back;
// false when it is not held.
func releaseHeldUnits(ctx context.Context, tx *database.Tx, orderID string, to State) (bool, error) {
	lines, ended, err := endHeld(ctx, tx, orderID, to)
	if err != nil || !ended {
		return false, err
	}
	return true, giveBack(ctx, tx, lines)
}

// endHeld takes a hold from Held to another state and returns its lines, whose units are
// still to be given back: rows of stock come after those of holds and after the turn of
// a network (countUnpaid). False when it is not held.
func endHeld(ctx context.Context, tx *database.Tx, orderID string, to State) (lines []Line, ended bool, err error) {
	if ended, err = moveHold(ctx, tx, orderID, Held, to); err != nil || !ended {
		return nil, false, err
	}
	lines, err = linesOf(ctx, tx, orderID)
	return lines, err == nil, err
}

// giveBack ends the holding of the lines' units. Lines are by product id; one product
// may occur again and again, and its row is written once.
func giveBack(ctx context.Context, tx *database.Tx, lines []Line) error {
	for i := 0; i < len(lines); {
		shift := stock.Shift{ProductID: lines[i].ProductID}
		for ; i < len(lines) && lines[i].ProductID == shift.ProductID; i++ {
			shift.Held -= lines[i].Quantity
			shift.Guests -= lines[i].guestUnits()
		}
		if err := shift.MustApply(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}
