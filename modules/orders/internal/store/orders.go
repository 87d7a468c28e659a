package store

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
	"app/platform/money"
)

// Status is where an order is in its life.
type Status string

// The states of an order. The last two are final, except that money may still be given
// back.
const (
	PendingPayment Status = "pending_payment"
	Paid           Status = "paid"
	Cancelled      Status = "cancelled"
	Refunded       Status = "refunded"
)

// PaymentStatus is what the order knows of its payment.
type PaymentStatus string

// The states of a payment. They only move forward.
const (
	PaymentPending   PaymentStatus = "pending"
	PaymentFailed    PaymentStatus = "failed"
	PaymentSucceeded PaymentStatus = "succeeded"
	PaymentRefunded  PaymentStatus = "refunded"
)

// Order is what somebody bought, as it was sold.
type Order struct {
	ID            string
	CartID        string
	BuyerID       string
	TokenHash     string
	Email         string
	Locale        string // language of letters, a BCP 47 tag; empty where it is not known
	Status        Status
	Total         money.Money
	CheckoutKey   string // the idempotency key of the checkout that placed it; unique
	PaymentID     string
	PaymentMethod string
	PaymentStatus PaymentStatus
	ExpiresAt     time.Time // not paid by then, it is cancelled
	DueAt         time.Time // when the reconciler looks at it, zero when it need not
	Version       int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Lines         []Line
	Timeline      []Entry // oldest first
	// Refunded is what was given back of the parts of those merchants whom the order
	// was read for, by them, in minor units; 0 when it was read for nobody in
	// particular.
	Refunded int64
}

// Line is one product of an order.
type Line struct {
	ProductID  string
	MerchantID string
	Title      string
	SKU        string
	Quantity   int64
	Price      money.Money
	Total      money.Money
}

// Part is what one merchant's lines of an order come to.
type Part struct {
	MerchantID string
	Total      money.Money
}

// Parts sums the lines by merchant, in the order in which the merchants first occur.
func (o Order) Parts() []Part {
	var parts []Part
	at := map[string]int{}
	for _, l := range o.Lines {
		i, ok := at[l.MerchantID]
		if !ok {
			i = len(parts)
			at[l.MerchantID] = i
			parts = append(parts, Part{MerchantID: l.MerchantID, Total: money.Money{Currency: o.Total.Currency}})
		}
		parts[i].Total.Amount += l.Total.Amount // cannot overflow: the total of all lines did not
	}
	return parts
}

// InsertOrder adds an order with its lines and each merchant's part. ErrDuplicate when
// the id or the checkout key is taken.
func InsertOrder(ctx context.Context, tx *database.Tx, o Order) error {
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

// OrderByID reads an order with its lines and its timeline. ErrNotFound.
func OrderByID(ctx context.Context, tx *database.Tx, id string) (Order, error) {
	return readOrder(ctx, tx, "WHERE o.id = ?", id)
}

// OrderFor is OrderByID for merchants with lines in the order: it knows what was given
// back of their parts.
func OrderFor(ctx context.Context, tx *database.Tx, id string, merchants []string) (Order, error) {
	o, err := OrderByID(ctx, tx, id)
	if err != nil {
		return Order{}, err
	}
	for _, merchant := range merchants {
		var refunded int64
		err := tx.QueryRow(ctx, `SELECT refunded FROM orders_order_merchants WHERE merchant_id = ? AND created_at = ? AND order_id = ?`,
			merchant, database.Micros(o.CreatedAt), id).Scan(&refunded)
		if err != nil {
			return Order{}, database.Found("order part", err)
		}
		o.Refunded += refunded
	}
	return o, nil
}

// RefundPart counts what a merchant gave back of its part of an order, up to the part.
func RefundPart(ctx context.Context, tx *database.Tx, o Order, merchantID string, amount int64) error {
	_, err := tx.Exec(ctx, `UPDATE orders_order_merchants SET refunded = CASE WHEN refunded + ? > total THEN total ELSE refunded + ? END
		WHERE merchant_id = ? AND created_at = ? AND order_id = ?`, amount, amount, merchantID, database.Micros(o.CreatedAt), o.ID)
	if err != nil {
		return fmt.Errorf("refund order part: %w", err)
	}
	return nil
}

// OrderByKey reads the order that a checkout with the key placed, with its lines and
// its timeline. ErrNotFound.
func OrderByKey(ctx context.Context, tx *database.Tx, key string) (Order, error) {
	return readOrder(ctx, tx, "WHERE o.checkout_key = ?", key)
}

// LockOrder reads an order with its lines, without its timeline, for a change: it stays
// as it is until the transaction ends. ErrNotFound.
func LockOrder(ctx context.Context, tx *database.Tx, id string) (Order, error) {
	return readOrderAndLines(ctx, tx, "WHERE o.id = ?"+tx.ForUpdate(), id)
}

func readOrder(ctx context.Context, tx *database.Tx, tail, key string) (Order, error) {
	o, err := readOrderAndLines(ctx, tx, tail, key)
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

func readOrderAndLines(ctx context.Context, tx *database.Tx, tail, key string) (Order, error) {
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

// UpdateOrder stores status, payment status, due time and time of an order and raises
// its version, provided that it still has the version given; ErrChanged otherwise.
func UpdateOrder(ctx context.Context, tx *database.Tx, o Order) error {
	return tx.One(ctx, "update order",
		`UPDATE orders_orders SET status = ?, payment_status = ?, due_at = ?, version = version + 1, updated_at = ? WHERE id = ? AND version = ?`,
		o.Status, o.PaymentStatus, database.NullMicros(o.DueAt), database.Micros(o.UpdatedAt), o.ID, o.Version)
}
