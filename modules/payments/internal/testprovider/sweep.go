package testprovider

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

// sweepBatch is how many rows of each table Sweep removes at most.
const sweepBatch = 100

// old are the rows that Sweep removes, by table: the key, and what is over. A charge
// goes with nothing of it left to come.
var old = []struct{ table, key, over string }{
	{"payments_test_webhooks", "id", "due_at IS NULL AND created_at < ?"},
	{"payments_test_refunds", "refund", "created_at < ?"},
	{"payments_test_charges", "charge", "capture_at IS NULL AND created_at < ?"},
}

// Sweep forgets what is older than Options.Keep. A payment of that age can be neither
// looked up nor refunded here any more. more tells that there may be others.
func (p *Provider) Sweep(ctx context.Context) (more bool, err error) {
	before := p.Now().Add(-p.Keep)
	err = p.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		more = false
		for _, o := range old {
			n, err := deleteExpiredRows(ctx, tx, o.table, o.key, o.over, before)
			if err != nil {
				return err
			}
			more = more || n == sweepBatch
		}
		return nil
	})
	return more, err
}

func deleteExpiredRows(ctx context.Context, tx *database.Tx, table, key, over string, before time.Time) (int, error) {
	keys, err := queryColumn(ctx, tx, "SELECT "+key+" FROM "+table+" WHERE "+over+" LIMIT 100", database.Micros(before))
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE "+key+" = ?", k); err != nil {
			return 0, fmt.Errorf("delete from %s: %w", table, err)
		}
	}
	return len(keys), nil
}
