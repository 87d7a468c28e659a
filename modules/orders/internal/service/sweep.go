package service

import (
	"context"
	"slices"

	"app/modules/orders/internal/store"
	"app/platform/database"
)

// Sweep removes carts that nobody has touched for Options.KeepCarts, ordered ones
// included: what was ordered is in the order. more tells that there may be others.
// Processes may run it at the same time.
func (s *Service) Sweep(ctx context.Context) (more bool, err error) {
	since := s.Now().Add(-s.Options.KeepCarts)
	var old []string
	err = s.DB.ReadOne(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		old, err = store.AbandonedCarts(ctx, q, since)
		return err
	})
	if err != nil || len(old) == 0 {
		return false, err
	}
	slices.Sort(old) // every sweep locks carts in this order
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		for _, id := range old {
			if err := store.DeleteAbandoned(ctx, tx, id, since); err != nil {
				return err
			}
		}
		return nil
	})
	return len(old) == store.SweepBatch, err
}
