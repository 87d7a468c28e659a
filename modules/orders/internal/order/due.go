package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
)

// Due is an order that the reconciler has to look at.
type Due struct {
	ID string
	At time.Time
}

// ListDue lists what was due by now, the longest waiting first, and then what is put
// off for longer than anything is: the clock has gone back since. What waits for the
// end of its time does so.
func ListDue(ctx context.Context, tx *database.Tx, now time.Time, longest time.Duration, limit int) ([]Due, error) {
	due, err := listDueWhere(ctx, tx, `due_at <= ?`, now, limit)
	if err != nil || len(due) == limit {
		return due, err
	}
	late, err := listDueWhere(ctx, tx, `due_at > ? AND due_at < expires_at`, now.Add(longest+database.ClockSkew), limit-len(due))
	return append(due, late...), err
}

func listDueWhere(ctx context.Context, q *database.Tx, when string, at time.Time, limit int) ([]Due, error) {
	var rows []orderRow
	err := q.Bun().NewSelect().Model(&rows).Column("id", "due_at").
		Where(when, database.Micros(at)).Order("due_at").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list due orders: %w", err)
	}
	due := make([]Due, len(rows))
	for i, row := range rows {
		due[i] = Due{ID: row.ID, At: row.DueAt.Time}
	}
	return due, nil
}

// Claim puts off an order that is due, so that only one process looks at it now; false
// when another one was first, or when there is nothing left to look at.
func Claim(ctx context.Context, tx *database.Tx, d Due, next time.Time) (bool, error) {
	err := tx.One(ctx, "claim order", `UPDATE orders_orders SET due_at = ? WHERE id = ? AND due_at = ?`,
		database.Micros(next), d.ID, database.Micros(d.At))
	if errors.Is(err, database.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

// PutOff moves the due time of an order that still waits for its payment, without
// raising its version. An order that waits no longer is left alone.
func PutOff(ctx context.Context, tx *database.Tx, id string, next time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE orders_orders SET due_at = ? WHERE id = ? AND status = 'pending_payment'`, database.Micros(next), id)
	if err != nil {
		return fmt.Errorf("put off order: %w", err)
	}
	return nil
}
