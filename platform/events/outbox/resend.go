package outbox

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
	"app/platform/events/internal/batch"
)

// Resend lets a module's relay deliver again what the module emitted since a time, to
// whoever subscribes to it now, and reports how many events these are. Who has handled
// them already takes no notice; a listener that has lost what it knew, because its
// database was restored from a backup, catches up. Sensitive events are left out, their
// content is gone. What is older than a week may have been removed.
func Resend(ctx context.Context, db *database.DB, since time.Time) (int, error) {
	total := 0
	for after := int64(0); ; {
		var changed []int64
		err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
			if changed, err = sentSince(ctx, tx, since, after); err != nil || len(changed) == 0 {
				return err
			}
			return applyChanges(ctx, tx, change{`UPDATE events_outbox SET state = 0 WHERE state = 1 AND seq IN (@)`, changed, nil})
		})
		if err != nil {
			return total, fmt.Errorf("resend events of %s: %w", db.Module(), err)
		}
		if total += len(changed); len(changed) < batch.Rows {
			return total, nil
		}
		after = changed[len(changed)-1]
	}
}

// sentSince are the first events after a number that have been sent and still have
// their content.
func sentSince(ctx context.Context, tx *database.Tx, since time.Time, after int64) (out []int64, err error) {
	const query = `SELECT seq FROM events_outbox WHERE state = 1 AND secret = 0 AND seq > ? AND occurred_at >= ? ORDER BY seq`
	rows, err := tx.Query(ctx, query+batch.LimitClause(batch.Rows), after, database.Micros(since))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, err
		}
		out = append(out, seq)
	}
	return out, rows.Err()
}
