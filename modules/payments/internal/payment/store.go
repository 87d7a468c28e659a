package payment

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/payments/internal/due"
	"app/platform/database"
)

// paymentRow is a row of payments_payments.
type paymentRow struct {
	bun.BaseModel `bun:"table:payments_payments,alias:p"`

	ID          string             `bun:"id,pk"`
	OrderID     string             `bun:"order_id"`
	Status      Status             `bun:"status"`
	Reason      string             `bun:"reason"`
	Currency    string             `bun:"currency"`
	Amount      int64              `bun:"amount"`
	Captured    int64              `bun:"captured"`
	Refunding   int64              `bun:"refunding"`
	Refunded    int64              `bun:"refunded"`
	Provider    string             `bun:"provider"`
	Method      string             `bun:"method"`
	Email       string             `bun:"email"`
	BuyerID     string             `bun:"buyer_id"`
	TokenHash   string             `bun:"token_hash"`
	ExpiresAt   database.Timestamp `bun:"expires_at"`
	CancelledAt database.Timestamp `bun:"cancelled_at,nullzero"`
	Attempt     Attempt            `bun:"attempt"`
	Tries       int64              `bun:"tries"`
	DueAt       database.Timestamp `bun:"due_at,nullzero"`
	Version     int64              `bun:"version"`
	CreatedAt   database.Timestamp `bun:"created_at"`
	UpdatedAt   database.Timestamp `bun:"updated_at"`
	Locale      string             `bun:"locale"`
}

// shareRow is a row of payments_shares.
type shareRow struct {
	bun.BaseModel `bun:"table:payments_shares,alias:s"`

	PaymentID  string `bun:"payment_id,pk"`
	MerchantID string `bun:"merchant_id,pk"`
	Amount     int64  `bun:"amount"`
	Refunded   int64  `bun:"refunded"`
}

var (
	payments = database.ModelOf[paymentRow]()
	shares   = database.ModelOf[shareRow]()
)

func newPaymentRow(p Payment) paymentRow {
	return paymentRow{
		ID: p.ID, OrderID: p.OrderID, Status: p.Status, Reason: p.Reason, Currency: p.Currency, Amount: p.Amount,
		Captured: p.Captured, Refunding: p.Refunding, Refunded: p.Refunded, Provider: p.Provider, Method: p.Method,
		Email: p.Email, BuyerID: p.BuyerID, TokenHash: p.TokenHash, ExpiresAt: database.Timestamp{Time: p.ExpiresAt},
		CancelledAt: database.Timestamp{Time: p.CancelledAt}, Attempt: p.Attempt, Tries: p.Tries,
		DueAt: database.Timestamp{Time: p.DueAt}, Version: p.Version, CreatedAt: database.Timestamp{Time: p.CreatedAt},
		UpdatedAt: database.Timestamp{Time: p.UpdatedAt}, Locale: p.Locale,
	}
}

func (r paymentRow) toPayment() Payment {
	return Payment{
		ID: r.ID, OrderID: r.OrderID, Status: r.Status, Reason: r.Reason, Currency: r.Currency, Amount: r.Amount,
		Captured: r.Captured, Refunding: r.Refunding, Refunded: r.Refunded, Provider: r.Provider, Method: r.Method,
		Email: r.Email, BuyerID: r.BuyerID, TokenHash: r.TokenHash, ExpiresAt: r.ExpiresAt.Time, CancelledAt: r.CancelledAt.Time,
		Attempt: r.Attempt, Tries: r.Tries, DueAt: r.DueAt.Time, Version: r.Version, CreatedAt: r.CreatedAt.Time,
		UpdatedAt: r.UpdatedAt.Time, Locale: r.Locale,
	}
}

func newShareRow(paymentID string, s Share) shareRow {
	return shareRow{PaymentID: paymentID, MerchantID: s.MerchantID, Amount: s.Amount, Refunded: s.Refunded}
}

func (r shareRow) toShare() Share {
	return Share{MerchantID: r.MerchantID, Amount: r.Amount, Refunded: r.Refunded}
}

// insertRows adds a payment with its shares. database.ErrDuplicate when its id or its order
// has one.
func insertRows(ctx context.Context, tx *database.Tx, p Payment) error {
	if err := payments.Insert(ctx, tx, "payment", newPaymentRow(p)); err != nil {
		return err
	}
	rows := make([]shareRow, len(p.Shares))
	for i, s := range p.Shares {
		rows[i] = newShareRow(p.ID, s)
	}
	return shares.Insert(ctx, tx, "shares", rows...)
}

// ByID reads a payment with its shares. database.ErrNotFound.
func ByID(ctx context.Context, q *database.Tx, id string) (Payment, error) {
	p, err := readPayment(ctx, q, `WHERE p.id = ?`, id)
	if err != nil {
		return p, err
	}
	rows, err := shares.List(ctx, q, "shares", `WHERE s.payment_id = ? ORDER BY s.merchant_id`, id)
	for _, r := range rows {
		p.Shares = append(p.Shares, r.toShare())
	}
	return p, err
}

// byOrder reads the payment of an order, without its shares. database.ErrNotFound.
func byOrder(ctx context.Context, q *database.Tx, orderID string) (Payment, error) {
	return readPayment(ctx, q, `WHERE p.order_id = ?`, orderID)
}

// Lock reads a payment, without its shares, for a change: it stays as it is until the
// transaction ends. database.ErrNotFound.
func Lock(ctx context.Context, tx *database.Tx, id string) (Payment, error) {
	return readPayment(ctx, tx, `WHERE p.id = ?`+tx.ForUpdate(), id)
}

// lockByOrder is Lock by the order.
func lockByOrder(ctx context.Context, tx *database.Tx, orderID string) (Payment, error) {
	return readPayment(ctx, tx, `WHERE p.order_id = ?`+tx.ForUpdate(), orderID)
}

func readPayment(ctx context.Context, q *database.Tx, tail, key string) (Payment, error) {
	row, err := payments.Get(ctx, q, "payment", tail, key)
	if err != nil {
		return Payment{}, err
	}
	return row.toPayment(), nil
}

// Update stores what changes in a payment's life and raises its version, provided that
// nobody changed it since p was read; database.ErrChanged otherwise.
func Update(ctx context.Context, tx *database.Tx, p *Payment) error {
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

// LeftOfShare is what is left to give back of a merchant's share. database.ErrNotFound.
func LeftOfShare(ctx context.Context, q *database.Tx, paymentID, merchantID string) (int64, error) {
	s, err := shares.Get(ctx, q, "share", `WHERE s.payment_id = ? AND s.merchant_id = ?`, paymentID, merchantID)
	return s.Amount - s.Refunded, err
}

// TakeShare counts an amount as refunded by a merchant; database.ErrChanged when the
// merchant's share has not that much left.
func TakeShare(ctx context.Context, tx *database.Tx, paymentID, merchantID string, amount int64) error {
	return tx.One(ctx, "take share",
		`UPDATE payments_shares SET refunded = refunded + ? WHERE payment_id = ? AND merchant_id = ? AND refunded + ? <= amount`,
		amount, paymentID, merchantID, amount)
}

// ReturnShare undoes TakeShare for a refund that failed.
func ReturnShare(ctx context.Context, tx *database.Tx, paymentID, merchantID string, amount int64) error {
	return tx.One(ctx, "give share back",
		`UPDATE payments_shares SET refunded = refunded - ? WHERE payment_id = ? AND merchant_id = ? AND refunded >= ?`,
		amount, paymentID, merchantID, amount)
}

// listDue begins the list of payments that the reconciler has to look at.
const listDue = `SELECT id, due_at FROM payments_payments WHERE `

// claimRow puts off a payment that is due and counts the try, so that only one process
// looks at it now; false when another one was first.
func claimRow(ctx context.Context, tx *database.Tx, row due.Row, next time.Time) (bool, error) {
	return due.Claimed(tx.One(ctx, "claim payment", `UPDATE payments_payments SET due_at = ?, tries = tries + 1 WHERE id = ? AND due_at = ?`,
		database.Micros(next), row.ID, database.Micros(row.At)))
}
