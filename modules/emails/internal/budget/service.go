package budget

import (
	"context"
	"time"

	"app/platform/database"
)

// Spend counts an e-mail against budgets, always in the order given: rows are locked in
// it. Error: a *SpentError; what was counted before it has to be taken back with the
// transaction, or be nothing.
func Spend(ctx context.Context, tx *database.Tx, now time.Time, budgets ...Budget) error {
	for _, b := range budgets {
		if b.Most < 1 {
			return &SpentError{b, b.Per}
		}
		wait, err := countOne(ctx, tx, b, now)
		if err != nil {
			return err
		}
		if wait > 0 {
			return &SpentError{b, wait}
		}
	}
	return nil
}

// Forget removes the budgets that are whole again.
func Forget(ctx context.Context, tx *database.Tx, now time.Time) error {
	return deleteWhole(ctx, tx, now)
}
