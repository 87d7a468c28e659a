package store

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

// SweepBatch is how many carts AbandonedCarts lists at most.
const SweepBatch = 64

// abandoned is a cart that nobody has touched since a time. One whose order waits for
// its payment is not: it is open again should the payment fail.
const abandoned = `updated_at < ? AND NOT EXISTS (
	SELECT 1 FROM orders_orders o WHERE o.id = orders_carts.order_id AND o.status = 'pending_payment')`

// AbandonedCarts lists carts that are abandoned since a time. It reads all carts until
// it has found enough: no index is worth what it would cost each change of a cart.
func AbandonedCarts(ctx context.Context, tx *database.Tx, since time.Time) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM orders_carts WHERE `+abandoned+` LIMIT 64`, database.Micros(since))
	if err != nil {
		return nil, fmt.Errorf("read abandoned carts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read abandoned cart: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// DeleteAbandoned removes a cart and its lines if it still is abandoned.
func DeleteAbandoned(ctx context.Context, tx *database.Tx, id string, since time.Time) error {
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
