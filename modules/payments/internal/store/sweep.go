package store

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

// sweepBatch is how many webhooks SweepWebhooks removes at most.
const sweepBatch = 100

// SweepWebhooks removes events that were processed before a time and reports whether
// there may be more. Those that could not be processed stay, for people to look at.
func SweepWebhooks(ctx context.Context, tx *database.Tx, before time.Time) (more bool, err error) {
	type key struct{ provider, event string }
	var old []key
	rows, err := tx.Query(ctx, `SELECT provider, event_id FROM payments_webhooks WHERE due_at IS NULL AND processed_at < ?
		ORDER BY provider, event_id LIMIT 100`, database.Micros(before))
	if err != nil {
		return false, fmt.Errorf("read processed webhooks: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var k key
		if err := rows.Scan(&k.provider, &k.event); err != nil {
			return false, fmt.Errorf("read processed webhook: %w", err)
		}
		old = append(old, k)
	}
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("read processed webhooks: %w", err)
	}
	for _, k := range old {
		if _, err := tx.Exec(ctx, `DELETE FROM payments_webhooks WHERE provider = ? AND event_id = ? AND processed_at IS NOT NULL`, k.provider, k.event); err != nil {
			return false, fmt.Errorf("delete webhook: %w", err)
		}
	}
	return len(old) == sweepBatch, nil
}
