package service

import (
	"context"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/store"
	"app/platform/database"
)

// Release implements catalogv1.CatalogHandler. What is sold stays sold: an order that
// was paid is cancelled, not released.
func (s *Service) Release(ctx context.Context, req *catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error) {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		released, err := s.releaseHeldUnits(ctx, tx, req.GetOrderId(), store.Released)
		if released || err != nil {
			return err
		}
		return refuseSold(ctx, tx, req.GetOrderId())
	})
	return &catalogv1.ReleaseResponse{}, err
}

// releaseHeldUnits takes a hold from Held to another state and gives its units back;
// false when it is not held.
func (s *Service) releaseHeldUnits(ctx context.Context, tx *database.Tx, orderID string, to store.State) (bool, error) {
	moved, err := store.MoveHold(ctx, tx, orderID, store.Held, to)
	if err != nil || !moved {
		return false, err
	}
	lines, err := store.LinesOf(ctx, tx, orderID)
	if err != nil {
		return false, err
	}
	return true, giveBack(ctx, tx, lines)
}

// giveBack ends the holding of the lines' units. Lines are by product id; one product
// may occur again and again, and its row is written once.
func giveBack(ctx context.Context, tx *database.Tx, lines []store.Line) error {
	for i := 0; i < len(lines); {
		shift := store.Shift{ProductID: lines[i].ProductID}
		for ; i < len(lines) && lines[i].ProductID == shift.ProductID; i++ {
			shift.Held -= lines[i].Quantity
			shift.Guests -= guestUnits(lines[i])
		}
		if err := shift.MustApply(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// guestUnits is what of a line's units counts as held for guests.
func guestUnits(l store.Line) int64 {
	if l.Guest {
		return l.Quantity
	}
	return 0
}

func refuseSold(ctx context.Context, tx *database.Tx, orderID string) error {
	hold, err := store.HoldOf(ctx, tx, orderID)
	if err == nil && hold.State == store.Sold {
		return catalogv1.HoldSold.New()
	}
	return ignoreMissing(err)
}
