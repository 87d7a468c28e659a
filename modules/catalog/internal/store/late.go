package store

import (
	"context"
	"time"

	"app/platform/database"
)

const (
	selectLate = `SELECT order_id FROM catalog_holds WHERE state = 'held' AND expires_at > ? LIMIT ?`
	clampHold  = `UPDATE catalog_holds SET expires_at = ? WHERE order_id = ? AND state = 'held' AND expires_at > ?`
)

// Late lists the orders of up to limit holds that last longer than any made now would:
// the clock has gone back since.
func Late(ctx context.Context, tx *database.Tx, longest time.Time, limit int) ([]string, error) {
	return selectRows(ctx, tx, "late holds", func(row scanner, id *string) error { return row.Scan(id) },
		selectLate, database.Micros(longest.Add(database.ClockSkew)), limit)
}

// ClampHold lets a hold last until longest at most.
func ClampHold(ctx context.Context, tx *database.Tx, orderID string, longest time.Time) error {
	_, err := updateRow(ctx, tx, "hold", clampHold, database.Micros(longest), orderID, database.Micros(longest))
	return err
}
