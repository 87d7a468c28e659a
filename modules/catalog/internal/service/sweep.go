package service

import (
	"context"
	"slices"

	"app/modules/catalog/internal/store"
	"app/platform/database"
)

// sweepBatch bounds the holds released in one transaction, and so the time that it keeps checkouts waiting.
const sweepBatch = 64

// SweepOnce releases up to 64 holds whose time has passed and tells whether there may be more. Several processes may
// sweep at the same time: each hold is released by one of them.
func (s *Service) SweepOnce(ctx context.Context) (more bool, err error) {
	var due []string
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		due, err = store.Due(ctx, q, s.now(), sweepBatch)
		return err
	})
	if err != nil || len(due) == 0 {
		return false, err
	}
	return len(due) == sweepBatch, s.lapse(ctx, due)
}

// lapse releases those of the orders' holds that are still held and due.
func (s *Service) lapse(ctx context.Context, due []string) error {
	slices.Sort(due) // every transaction locks holds in this order
	return s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		var mine []string
		for _, orderID := range due {
			ok, err := store.LapseHold(ctx, tx, orderID, s.now())
			if err != nil {
				return err
			}
			if ok {
				mine = append(mine, orderID)
			}
		}
		if len(mine) == 0 {
			return nil
		}
		lines, err := store.LinesOf(ctx, tx, mine...)
		if err != nil {
			return err
		}
		return giveBack(ctx, tx, lines)
	})
}
