package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"app/platform/database"
)

// RefundState is where a refund is on its way.
type RefundState string

// The states of a refund.
const (
	RefundQueued  RefundState = "queued"  // to be asked of the provider
	RefundSending RefundState = "sending" // asked, the answer is not recorded yet
	RefundUnknown RefundState = "unknown" // asked, the answer was lost: it is asked again under the same key
	RefundDone    RefundState = "done"
	RefundFailed  RefundState = "failed" // refused by the provider
)

// Refund is money on its way back. Its id is the key the provider knows it by.
type Refund struct {
	ID         string
	PaymentID  string
	MerchantID string // whose share it is from, empty for refunds of the shop itself
	Amount     int64
	Reason     string
	State      RefundState
	Tries      int64
	DueAt      time.Time // when a worker asks the provider, zero when it need not
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// InsertRefund adds a refund. ErrDuplicate when the id is taken.
func InsertRefund(ctx context.Context, tx *database.Tx, r Refund) error {
	_, err := tx.Exec(ctx, `INSERT INTO payments_refunds (id, payment_id, merchant_id, amount, reason, state, tries, due_at, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.PaymentID, r.MerchantID, r.Amount, r.Reason, r.State, r.Tries, database.NullMicros(r.DueAt), database.Micros(r.CreatedAt), database.Micros(r.UpdatedAt))
	return database.Inserted("refund", err)
}

const refundColumns = `SELECT id, payment_id, merchant_id, amount, reason, state, tries, due_at, created_at, updated_at FROM payments_refunds `

func scanRefund(row scanner) (Refund, error) {
	var r Refund
	var due sql.NullInt64
	var created, updated int64
	err := row.Scan(&r.ID, &r.PaymentID, &r.MerchantID, &r.Amount, &r.Reason, &r.State, &r.Tries, &due, &created, &updated)
	r.DueAt, r.CreatedAt, r.UpdatedAt = database.NullTime(due), database.Time(created), database.Time(updated)
	return r, err //nolint:wrapcheck // the caller names what was read
}

// RefundByID reads a refund. ErrNotFound.
func RefundByID(ctx context.Context, tx *database.Tx, id string) (Refund, error) {
	r, err := scanRefund(tx.QueryRow(ctx, refundColumns+`WHERE id = ?`, id))
	return r, database.Found("refund", err)
}

// LockRefund is RefundByID for a change.
func LockRefund(ctx context.Context, tx *database.Tx, id string) (Refund, error) {
	r, err := scanRefund(tx.QueryRow(ctx, refundColumns+`WHERE id = ?`+tx.ForUpdate(), id))
	return r, database.Found("refund", err)
}

// RefundsOf lists the refunds of a payment, oldest first.
func RefundsOf(ctx context.Context, tx *database.Tx, paymentID string) ([]Refund, error) {
	rows, err := tx.Query(ctx, refundColumns+`WHERE payment_id = ? ORDER BY created_at, id`, paymentID)
	if err != nil {
		return nil, fmt.Errorf("read refunds: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Refund
	for rows.Next() {
		r, err := scanRefund(rows)
		if err != nil {
			return nil, fmt.Errorf("read refund: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// UpdateRefund stores state, tries and due time of a refund, provided that it is in the
// state given; ErrChanged otherwise.
func UpdateRefund(ctx context.Context, tx *database.Tx, r Refund, from RefundState) error {
	return tx.One(ctx, "update refund",
		`UPDATE payments_refunds SET state = ?, tries = ?, due_at = ?, updated_at = ? WHERE id = ? AND state = ?`,
		r.State, r.Tries, database.NullMicros(r.DueAt), database.Micros(r.UpdatedAt), r.ID, from)
}
