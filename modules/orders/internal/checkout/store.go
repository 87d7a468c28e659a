package checkout

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

// sweepBatch is how many carts listAbandoned lists at most.
const sweepBatch = 64

// abandoned is a cart that nobody has touched since a time. One whose order waits for
// its payment is not: it is open again should the payment fail.
const abandoned = `updated_at < ? AND NOT EXISTS (
	SELECT 1 FROM orders_orders o WHERE o.id = orders_carts.order_id AND o.status = 'pending_payment')`

// listAbandoned lists carts that are abandoned since a time. It reads all carts until
// it has found enough: no index is worth what it would cost each change of a cart.
func listAbandoned(ctx context.Context, tx *database.Tx, since time.Time) ([]string, error) {
	var ids []string
	err := tx.Bun().NewSelect().TableExpr("orders_carts").Column("id").
		Where(abandoned, database.Micros(since)).Limit(sweepBatch).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list abandoned carts: %w", err)
	}
	return ids, nil
}

// deleteAbandoned removes a cart and its lines if it still is abandoned.
func deleteAbandoned(ctx context.Context, tx *database.Tx, id string, since time.Time) error {
	result, err := tx.Exec(ctx, `DELETE FROM orders_carts WHERE id = ? AND `+abandoned, id, database.Micros(since))
	if err != nil {
		return fmt.Errorf("delete cart: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err //nolint:wrapcheck // drivers of both engines never fail here
	}
	if _, err := tx.Exec(ctx, `DELETE FROM orders_cart_lines WHERE cart_id = ?`, id); err != nil {
		return fmt.Errorf("delete cart lines: %w", err)
	}
	return nil
}
