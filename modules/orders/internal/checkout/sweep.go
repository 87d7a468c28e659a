package checkout

import (
	"context"
	"slices"

	"app/platform/database"
)

// SweepCarts removes carts that nobody has touched for Options.KeepCarts, ordered ones
// included: what was ordered is in the order. more reports that there may be others.
// Processes may run it at the same time.
func (s *Service) SweepCarts(ctx context.Context) (more bool, err error) {
	since := s.Now().Add(-s.Options.KeepCarts)
	old, err := database.ReadOne(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]string, error) {
		return listAbandoned(ctx, q, since)
	})
	if err != nil || len(old) == 0 {
		return false, err
	}
	slices.Sort(old) // every sweep locks carts in this order
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		for _, id := range old {
			if err := deleteAbandoned(ctx, tx, id, since); err != nil {
				return err
			}
		}
		return nil
	})
	return len(old) == sweepBatch, err
}
