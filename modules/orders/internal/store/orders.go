package store

import (
	"context"
	"database/sql"
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
	_, err := tx.Exec(ctx, `INSERT INTO orders_orders (id, cart_id, buyer_id, token_hash, email, status, currency, total, checkout_key,
		payment_id, payment_method, payment_status, expires_at, due_at, version, created_at, updated_at, locale)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.ID, o.CartID, o.BuyerID, o.TokenHash, o.Email, o.Status, o.Total.Currency, o.Total.Amount, o.CheckoutKey,
		o.PaymentID, o.PaymentMethod, o.PaymentStatus, database.Micros(o.ExpiresAt), database.NullMicros(o.DueAt), o.Version,
		database.Micros(o.CreatedAt), database.Micros(o.UpdatedAt), o.Locale)
	if err != nil {
		return database.Inserted("order", err)
	}
	if err := insertLines(ctx, tx, o); err != nil {
		return err
	}
	return insertParts(ctx, tx, o)
}

func insertLines(ctx context.Context, tx *database.Tx, o Order) error {
	const width = 9
	args := make([]any, 0, width*len(o.Lines))
	for i, l := range o.Lines {
		args = append(args, o.ID, i+1, l.ProductID, l.MerchantID, l.Title, l.SKU, l.Quantity, l.Price.Amount, l.Total.Amount)
	}
	return database.Inserted("order lines", tx.InsertMany(ctx,
		`INSERT INTO orders_lines (order_id, line_no, product_id, merchant_id, title, sku, quantity, price, total)`, width, args))
}

func insertParts(ctx context.Context, tx *database.Tx, o Order) error {
	const width = 4
	parts := o.Parts()
	args := make([]any, 0, width*len(parts))
	for _, p := range parts {
		args = append(args, p.MerchantID, database.Micros(o.CreatedAt), o.ID, p.Total.Amount)
	}
	return database.Inserted("order parts", tx.InsertMany(ctx,
		`INSERT INTO orders_order_merchants (merchant_id, created_at, order_id, total)`, width, args))
}

const orderColumns = `o.id, o.cart_id, o.buyer_id, o.token_hash, o.email, o.status, o.currency, o.total, o.checkout_key,
	o.payment_id, o.payment_method, o.payment_status, o.expires_at, o.due_at, o.version, o.created_at, o.updated_at, o.locale`

func scanOrder(row scanner, more ...any) (Order, error) {
	var o Order
	var expires, created, updated int64
	var due sql.NullInt64
	into := append([]any{&o.ID, &o.CartID, &o.BuyerID, &o.TokenHash, &o.Email, &o.Status, &o.Total.Currency, &o.Total.Amount, &o.CheckoutKey,
		&o.PaymentID, &o.PaymentMethod, &o.PaymentStatus, &expires, &due, &o.Version, &created, &updated, &o.Locale}, more...)
	err := row.Scan(into...)
	o.ExpiresAt, o.DueAt = database.Time(expires), database.NullTime(due)
	o.CreatedAt, o.UpdatedAt = database.Time(created), database.Time(updated)
	return o, err //nolint:wrapcheck // the caller names what was read
}

// OrderByID reads an order with its lines and its timeline. ErrNotFound.
func OrderByID(ctx context.Context, tx *database.Tx, id string) (Order, error) {
	o, err := scanOrder(tx.QueryRow(ctx, `SELECT `+orderColumns+` FROM orders_orders o WHERE o.id = ?`, id))
	if err != nil {
		return Order{}, database.Found("order", err)
	}
	return loadOrderDetails(ctx, tx, o)
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
	o, err := scanOrder(tx.QueryRow(ctx, `SELECT `+orderColumns+` FROM orders_orders o WHERE o.checkout_key = ?`, key))
	if err != nil {
		return Order{}, database.Found("order", err)
	}
	return loadOrderDetails(ctx, tx, o)
}

// LockOrder reads an order with its lines, without its timeline, for a change: it stays
// as it is until the transaction ends. ErrNotFound.
func LockOrder(ctx context.Context, tx *database.Tx, id string) (Order, error) {
	o, err := scanOrder(tx.QueryRow(ctx, `SELECT `+orderColumns+` FROM orders_orders o WHERE o.id = ?`+tx.ForUpdate(), id))
	if err != nil {
		return Order{}, database.Found("order", err)
	}
	o.Lines, err = orderLines(ctx, tx, o)
	return o, err
}

func loadOrderDetails(ctx context.Context, tx *database.Tx, o Order) (Order, error) {
	var err error
	if o.Lines, err = orderLines(ctx, tx, o); err != nil {
		return Order{}, err
	}
	o.Timeline, err = orderTimeline(ctx, tx, o.ID)
	return o, err
}

func orderLines(ctx context.Context, tx *database.Tx, o Order) ([]Line, error) {
	rows, err := tx.Query(ctx, `SELECT product_id, merchant_id, title, sku, quantity, price, total
		FROM orders_lines WHERE order_id = ? ORDER BY line_no`, o.ID)
	if err != nil {
		return nil, fmt.Errorf("read order lines: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var lines []Line
	for rows.Next() {
		l := Line{Price: money.Money{Currency: o.Total.Currency}, Total: money.Money{Currency: o.Total.Currency}}
		if err := rows.Scan(&l.ProductID, &l.MerchantID, &l.Title, &l.SKU, &l.Quantity, &l.Price.Amount, &l.Total.Amount); err != nil {
			return nil, fmt.Errorf("read order line: %w", err)
		}
		lines = append(lines, l)
	}
	return lines, rows.Err()
}

// UpdateOrder stores status, payment status, due time and time of an order and raises
// its version, provided that it still has the version given; ErrChanged otherwise.
func UpdateOrder(ctx context.Context, tx *database.Tx, o Order) error {
	return tx.One(ctx, "update order",
		`UPDATE orders_orders SET status = ?, payment_status = ?, due_at = ?, version = version + 1, updated_at = ? WHERE id = ? AND version = ?`,
		o.Status, o.PaymentStatus, database.NullMicros(o.DueAt), database.Micros(o.UpdatedAt), o.ID, o.Version)
}
