package hold

import (
	"context"
	"slices"

	"app/platform/database"
)

// sweepBatch bounds the holds released in one transaction, and so the time that it
// keeps checkouts waiting.
const sweepBatch = 64

// SweepOnce releases up to 64 holds whose time has passed and reports whether there may
// be more. Several processes may sweep at the same time: each hold is released by one
// of them.
func (s *Service) SweepOnce(ctx context.Context) (more bool, err error) {
	var due, late []string
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		if due, err = dueHolds(ctx, q, s.Now()); err != nil {
			return err
		}
		late, err = lateHolds(ctx, q, s.Now().Add(s.TTL))
		return err
	})
	if err == nil && len(late) > 0 {
		err = s.clampHoldExpiries(ctx, late)
	}
	if err != nil || len(due) == 0 {
		return len(late) == sweepBatch, err
	}
	return len(due) == sweepBatch || len(late) == sweepBatch, s.releaseExpiredHolds(ctx, due)
}

// clampHoldExpiries lets holds last as long as one made now at most. They are from
// before the clock went back, and would keep stock off sale until it has come up again.
func (s *Service) clampHoldExpiries(ctx context.Context, late []string) error {
	slices.Sort(late)
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		for _, orderID := range late {
			if err := clampHold(ctx, tx, orderID, s.Now().Add(s.TTL)); err != nil {
				return err
			}
		}
		return nil
	})
}

// releaseExpiredHolds releases those of the orders' holds that are still held and due.
func (s *Service) releaseExpiredHolds(ctx context.Context, due []string) error {
	slices.Sort(due) // every transaction locks holds in this order
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		var mine []string
		for _, orderID := range due {
			ok, err := lapseHold(ctx, tx, orderID, s.Now())
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
		lines, err := linesOf(ctx, tx, mine...)
		if err != nil {
			return err
		}
		return giveBack(ctx, tx, lines)
	})
}
