package order

import (
	"context"
	"fmt"

	"app/platform/database"
)

// insert adds an order with its lines and each merchant's part. The error is
// database.ErrDuplicate when the id or the checkout key is taken.
func insert(ctx context.Context, tx *database.Tx, o Order) error {
	if err := orderModel.Insert(ctx, tx, "order", rowOfOrder(o)); err != nil {
		return err
	}
	lines := make([]lineRow, len(o.Lines))
	for i, line := range o.Lines {
		lines[i] = rowOfLine(o.ID, i+1, line)
	}
	if err := lineModel.Insert(ctx, tx, "order lines", lines...); err != nil {
		return err
	}
	var parts []partRow
	for _, part := range o.Parts() {
		parts = append(parts, partRow{
			MerchantID: part.MerchantID, CreatedAt: database.Timestamp{Time: o.CreatedAt}, OrderID: o.ID, Total: part.Total.Amount,
		})
	}
	return partModel.Insert(ctx, tx, "order parts", parts...)
}

// ByID reads an order with its lines and its timeline. The error is
// database.ErrNotFound when there is none.
func ByID(ctx context.Context, tx *database.Tx, id string) (Order, error) {
	return readWhole(ctx, tx, "WHERE o.id = ?", id)
}

// byIDFor is ByID for merchants with lines in the order: it knows what was given back
// of their parts.
func byIDFor(ctx context.Context, q *database.Tx, id string, merchants []string) (Order, error) {
	o, err := ByID(ctx, q, id)
	if err != nil {
		return Order{}, err
	}
	for _, merchant := range merchants {
		part, err := partModel.Get(ctx, q, "order part", "WHERE m.merchant_id = ? AND m.created_at = ? AND m.order_id = ?",
			merchant, database.Micros(o.CreatedAt), id)
		if err != nil {
			return Order{}, err
		}
		o.Refunded += part.Refunded
	}
	return o, nil
}

// refundPart counts what a merchant gave back of its part of an order, up to the part.
func refundPart(ctx context.Context, tx *database.Tx, o Order, merchantID string, amount int64) error {
	_, err := tx.Exec(ctx, `UPDATE orders_order_merchants SET refunded = CASE WHEN refunded + ? > total THEN total ELSE refunded + ? END
		WHERE merchant_id = ? AND created_at = ? AND order_id = ?`, amount, amount, merchantID, database.Micros(o.CreatedAt), o.ID)
	if err != nil {
		return fmt.Errorf("refund order part: %w", err)
	}
	return nil
}

// ByCheckoutKey reads the order that a checkout with the key placed, with its lines and
// its timeline. The error is database.ErrNotFound when there is none.
func ByCheckoutKey(ctx context.Context, tx *database.Tx, key string) (Order, error) {
	return readWhole(ctx, tx, "WHERE o.checkout_key = ?", key)
}

// Lock reads an order with its lines, without its timeline, for a change: it stays as
// it is until the transaction ends. The error is database.ErrNotFound when there is
// none.
func Lock(ctx context.Context, tx *database.Tx, id string) (Order, error) {
	return readWithLines(ctx, tx, "WHERE o.id = ?"+tx.ForUpdate(), id)
}

func readWhole(ctx context.Context, tx *database.Tx, tail, key string) (Order, error) {
	o, err := readWithLines(ctx, tx, tail, key)
	if err != nil {
		return Order{}, err
	}
	entries, err := entryModel.List(ctx, tx, "timeline", "WHERE t.order_id = ? ORDER BY t.version", o.ID)
	if err != nil {
		return Order{}, err
	}
	for _, entry := range entries {
		o.Timeline = append(o.Timeline, entryOfRow(entry))
	}
	return o, nil
}

func readWithLines(ctx context.Context, tx *database.Tx, tail, key string) (Order, error) {
	row, err := orderModel.Get(ctx, tx, "order", tail, key)
	if err != nil {
		return Order{}, err
	}
	lines, err := lineModel.List(ctx, tx, "order lines", "WHERE l.order_id = ? ORDER BY l.line_no", row.ID)
	if err != nil {
		return Order{}, err
	}
	o := orderOfRow(row)
	for _, line := range lines {
		o.Lines = append(o.Lines, lineOfRow(line, row.Currency))
	}
	return o, nil
}

// update stores status, payment status, due time and time of an order that has had one
// change, and raises its version, provided that nobody else has; database.ErrChanged
// otherwise.
func update(ctx context.Context, tx *database.Tx, o Order) error {
	return tx.One(ctx, "update order",
		`UPDATE orders_orders SET status = ?, payment_status = ?, due_at = ?, version = version + 1, updated_at = ? WHERE id = ? AND version = ?`,
		o.Status, o.PaymentStatus, database.NullMicros(o.DueAt), database.Micros(o.UpdatedAt), o.ID, o.Version-1)
}

func insertEntry(ctx context.Context, tx *database.Tx, orderID string, e Entry) error {
	return entryModel.Insert(ctx, tx, "timeline entry", rowOfEntry(orderID, e))
}
