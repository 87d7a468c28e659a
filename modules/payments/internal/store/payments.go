package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"app/platform/database"
	"app/platform/money"
)

// Status is where a payment is in its life.
type Status string

// The states of a payment.
const (
	Pending   Status = "pending"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Refunded  Status = "refunded"
)

// Attempt is what is known of the charge asked of the provider.
type Attempt string

// The states of an attempt.
const (
	AttemptNone    Attempt = "none"    // never asked, and never to be
	AttemptSending Attempt = "sending" // asked, the answer is not recorded yet
	AttemptUnknown Attempt = "unknown" // asked, the answer was lost
	AttemptDone    Attempt = "done"    // the provider has it
)

// Payment is the money of one order. Amounts are in minor units of its currency.
type Payment struct {
	ID          string
	OrderID     string
	Status      Status
	Reason      string // why it failed, a token
	Currency    string
	Amount      int64
	Captured    int64
	Refunding   int64 // what refunds under way will take
	Refunded    int64 // what the provider has given back
	Provider    string
	Method      string
	Email       string
	Locale      string // language of letters, a BCP 47 tag; empty where it is not known
	BuyerID     string
	TokenHash   string
	ExpiresAt   time.Time
	CancelledAt time.Time // when the order was cancelled, zero while it was not
	Attempt     Attempt
	Tries       int64     // of the reconciler
	DueAt       time.Time // when the reconciler looks at it, zero when it need not
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Shares      []Share
}

// Left is what could still be refunded.
func (p Payment) Left() int64 { return p.Captured - p.Refunded - p.Refunding }

// Money gives an amount the payment's currency.
func (p Payment) Money(amount int64) money.Money {
	return money.Money{Amount: amount, Currency: p.Currency}
}

// Share is the part of a payment that is for one merchant's lines.
type Share struct {
	MerchantID string
	Amount     int64
	Refunded   int64 // by the merchant, done or under way
}

// InsertPayment adds a payment with its shares. ErrDuplicate when its id or its order
// has one.
func InsertPayment(ctx context.Context, tx *database.Tx, p Payment) error {
	_, err := tx.Exec(ctx, `INSERT INTO payments_payments (id, order_id, status, reason, currency, amount, captured, refunding, refunded,
		provider, method, email, buyer_id, token_hash, expires_at, cancelled_at, attempt, tries, due_at, version, created_at, updated_at, locale)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.OrderID, p.Status, p.Reason, p.Currency, p.Amount, p.Captured, p.Refunding, p.Refunded,
		p.Provider, p.Method, p.Email, p.BuyerID, p.TokenHash, database.Micros(p.ExpiresAt), database.NullMicros(p.CancelledAt),
		p.Attempt, p.Tries, database.NullMicros(p.DueAt), p.Version, database.Micros(p.CreatedAt), database.Micros(p.UpdatedAt), p.Locale)
	if err != nil {
		return database.Inserted("payment", err)
	}
	const width = 4
	args := make([]any, 0, width*len(p.Shares))
	for _, s := range p.Shares {
		args = append(args, p.ID, s.MerchantID, s.Amount, s.Refunded)
	}
	return database.Inserted("shares", tx.InsertMany(ctx, `INSERT INTO payments_shares (payment_id, merchant_id, amount, refunded)`, width, args))
}

const paymentColumns = `SELECT id, order_id, status, reason, currency, amount, captured, refunding, refunded,
	provider, method, email, buyer_id, token_hash, expires_at, cancelled_at, attempt, tries, due_at, version, created_at, updated_at, locale
	FROM payments_payments `

func readPayment(ctx context.Context, tx *database.Tx, query, key string) (Payment, error) {
	var p Payment
	var expires, created, updated int64
	var cancelled, due sql.NullInt64
	err := tx.QueryRow(ctx, paymentColumns+query, key).Scan(&p.ID, &p.OrderID, &p.Status, &p.Reason, &p.Currency, &p.Amount, &p.Captured,
		&p.Refunding, &p.Refunded, &p.Provider, &p.Method, &p.Email, &p.BuyerID, &p.TokenHash, &expires, &cancelled,
		&p.Attempt, &p.Tries, &due, &p.Version, &created, &updated, &p.Locale)
	if err != nil {
		return Payment{}, database.Found("payment", err)
	}
	p.ExpiresAt, p.CancelledAt, p.DueAt = database.Time(expires), database.NullTime(cancelled), database.NullTime(due)
	p.CreatedAt, p.UpdatedAt = database.Time(created), database.Time(updated)
	return p, nil
}

// PaymentByID reads a payment with its shares. ErrNotFound.
func PaymentByID(ctx context.Context, tx *database.Tx, id string) (Payment, error) {
	p, err := readPayment(ctx, tx, `WHERE id = ?`, id)
	if err != nil {
		return p, err
	}
	p.Shares, err = paymentShares(ctx, tx, id)
	return p, err
}

// PaymentByOrder reads the payment of an order, without its shares. ErrNotFound.
func PaymentByOrder(ctx context.Context, tx *database.Tx, orderID string) (Payment, error) {
	return readPayment(ctx, tx, `WHERE order_id = ?`, orderID)
}

// LockPayment reads a payment, without its shares, for a change: it stays as it is
// until the transaction ends. ErrNotFound.
func LockPayment(ctx context.Context, tx *database.Tx, id string) (Payment, error) {
	return readPayment(ctx, tx, `WHERE id = ?`+tx.ForUpdate(), id)
}

// LockPaymentOfOrder is LockPayment by the order.
func LockPaymentOfOrder(ctx context.Context, tx *database.Tx, orderID string) (Payment, error) {
	return readPayment(ctx, tx, `WHERE order_id = ?`+tx.ForUpdate(), orderID)
}

func paymentShares(ctx context.Context, tx *database.Tx, paymentID string) ([]Share, error) {
	rows, err := tx.Query(ctx, `SELECT merchant_id, amount, refunded FROM payments_shares WHERE payment_id = ? ORDER BY merchant_id`, paymentID)
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Share
	for rows.Next() {
		var s Share
		if err := rows.Scan(&s.MerchantID, &s.Amount, &s.Refunded); err != nil {
			return nil, fmt.Errorf("read share: %w", err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// UpdatePayment stores what changes in a payment's life and raises its version,
// provided that nobody changed it since p was read; ErrChanged otherwise.
func UpdatePayment(ctx context.Context, tx *database.Tx, p *Payment) error {
	err := tx.One(ctx, "update payment",
		`UPDATE payments_payments SET status = ?, reason = ?, captured = ?, refunding = ?, refunded = ?, cancelled_at = ?,
		attempt = ?, tries = ?, due_at = ?, version = version + 1, updated_at = ? WHERE id = ? AND version = ?`,
		p.Status, p.Reason, p.Captured, p.Refunding, p.Refunded, database.NullMicros(p.CancelledAt),
		p.Attempt, p.Tries, database.NullMicros(p.DueAt), database.Micros(p.UpdatedAt), p.ID, p.Version)
	if err == nil {
		p.Version++
	}
	return err
}

// TakeShare counts an amount as refunded by a merchant; ErrChanged when the merchant's
// share has not that much left.
func TakeShare(ctx context.Context, tx *database.Tx, paymentID, merchantID string, amount int64) error {
	return tx.One(ctx, "take share",
		`UPDATE payments_shares SET refunded = refunded + ? WHERE payment_id = ? AND merchant_id = ? AND refunded + ? <= amount`,
		amount, paymentID, merchantID, amount)
}

// GiveShareBack undoes TakeShare for a refund that failed.
func GiveShareBack(ctx context.Context, tx *database.Tx, paymentID, merchantID string, amount int64) error {
	return tx.One(ctx, "give share back",
		`UPDATE payments_shares SET refunded = refunded - ? WHERE payment_id = ? AND merchant_id = ? AND refunded >= ?`,
		amount, paymentID, merchantID, amount)
}
