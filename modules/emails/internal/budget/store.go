package budget

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// budgetRow is how far ahead of its time a budget is used: the theoretical arrival time
// of the generic cell rate algorithm, in microseconds (ITU-T I.371). A row whose time
// has come says no more than none.
type budgetRow struct {
	bun.BaseModel `bun:"table:emails_budgets,alias:b"`

	ID      string `bun:"id,pk"`
	Arrival int64  `bun:"arrival"`
}

var budgets = database.ModelOf[budgetRow]()

// clocks is how far the clocks of two processes may differ. An arrival that is further
// ahead than a full budget and this is none: it was written before the clock went back.
const clocks = 5 * time.Minute

// moveArrival moves the arrival time on by a step, from now or from where it is, unless
// that is too far ahead.
const moveArrival = `UPDATE emails_budgets SET arrival = CASE WHEN arrival > ? AND arrival <= ? THEN arrival ELSE ? END + ?
	WHERE id = ? AND (arrival <= ? OR arrival > ?)`

// rounds bounds how often countOne looks again because other processes spent of the
// same budget at the same moment.
const rounds = 10

// countOne counts an e-mail against a budget, atomically over all processes, if fewer
// than its room are spent. wait is zero when it was counted, else the time until it
// would be.
func countOne(ctx context.Context, tx *database.Tx, b Budget, now time.Time) (wait time.Duration, err error) {
	at, step, id := database.Micros(now), b.step().Microseconds(), b.id()
	latest, full := at+step*int64(b.Room-1), at+step*int64(b.Most)+clocks.Microseconds()
	for range rounds {
		err = tx.One(ctx, "spend budget", moveArrival, at, full, at, step, id, latest, full)
		if !errors.Is(err, database.ErrChanged) {
			return 0, err
		}
		row, err := budgets.Get(ctx, tx, "budget", `WHERE b.id = ?`, id)
		switch {
		case errors.Is(err, database.ErrNotFound):
			err = budgets.Insert(ctx, tx, "budget", budgetRow{ID: id, Arrival: at + step})
			if !errors.Is(err, database.ErrDuplicate) {
				return 0, err
			}
		case err != nil:
			return 0, err
		case row.Arrival > latest:
			return time.Duration(row.Arrival-latest) * time.Microsecond, nil
		}
	}
	return 0, fmt.Errorf("spend budget: %w", err)
}

// deleteWhole removes the budgets nothing of which is spent at a time.
func deleteWhole(ctx context.Context, tx *database.Tx, now time.Time) error {
	_, err := tx.Bun().NewDelete().Model((*budgetRow)(nil)).Where("arrival < ?", database.Micros(now)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete budgets: %w", err)
	}
	return nil
}
