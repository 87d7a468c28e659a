package refund

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"app/modules/payments/internal/due"
	"app/modules/payments/internal/payment"
	"app/platform/database"
	"app/platform/money"
)

// refundRow is a row of payments_refunds. Its amount is in the currency of the payment.
type refundRow struct {
	bun.BaseModel `bun:"table:payments_refunds,alias:r"`

	ID         string             `bun:"id,pk"`
	PaymentID  string             `bun:"payment_id"`
	MerchantID string             `bun:"merchant_id"`
	Amount     int64              `bun:"amount"`
	Reason     string             `bun:"reason"`
	State      State              `bun:"state"`
	Tries      int64              `bun:"tries"`
	DueAt      database.Timestamp `bun:"due_at,nullzero"`
	CreatedAt  database.Timestamp `bun:"created_at"`
	UpdatedAt  database.Timestamp `bun:"updated_at"`
}

var refunds = database.ModelOf[refundRow]()

func newRefundRow(r Refund) refundRow {
	return refundRow{
		ID: r.ID, PaymentID: r.PaymentID, MerchantID: r.MerchantID, Amount: r.Amount.Amount, Reason: r.Reason,
		State: r.State, Tries: r.Tries, DueAt: database.Timestamp{Time: r.DueAt},
		CreatedAt: database.Timestamp{Time: r.CreatedAt}, UpdatedAt: database.Timestamp{Time: r.UpdatedAt},
	}
}

func (r refundRow) toRefund(currency string) Refund {
	return Refund{
		ID: r.ID, PaymentID: r.PaymentID, MerchantID: r.MerchantID, Amount: money.Money{Amount: r.Amount, Currency: currency},
		Reason: r.Reason, State: r.State, Tries: r.Tries, DueAt: r.DueAt.Time, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

// insertRefund adds a refund. database.ErrDuplicate when the id is taken.
func insertRefund(ctx context.Context, tx *database.Tx, r Refund) error {
	return refunds.Insert(ctx, tx, "refund", newRefundRow(r))
}

// byID reads a refund of a payment in a currency. database.ErrNotFound.
func byID(ctx context.Context, q *database.Tx, currency, id string) (Refund, error) {
	row, err := refunds.Get(ctx, q, "refund", `WHERE r.id = ?`, id)
	return row.toRefund(currency), err
}

// lockRefund is byID for a change.
func lockRefund(ctx context.Context, tx *database.Tx, currency, id string) (Refund, error) {
	row, err := refunds.Get(ctx, tx, "refund", `WHERE r.id = ?`+tx.ForUpdate(), id)
	return row.toRefund(currency), err
}

// Of lists the refunds of a payment, oldest first.
func Of(ctx context.Context, q *database.Tx, p payment.Payment) ([]Refund, error) {
	rows, err := refunds.List(ctx, q, "refunds", `WHERE r.payment_id = ? ORDER BY r.created_at, r.id`, p.ID)
	if err != nil {
		return nil, err
	}
	var out []Refund
	for _, row := range rows {
		out = append(out, row.toRefund(p.Currency))
	}
	return out, nil
}

// updateRefund stores state, tries and due time of a refund, provided that it is in the
// state given; database.ErrChanged otherwise.
func updateRefund(ctx context.Context, tx *database.Tx, r Refund, from State) error {
	return tx.One(ctx, "update refund",
		`UPDATE payments_refunds SET state = ?, tries = ?, due_at = ?, updated_at = ? WHERE id = ? AND state = ?`,
		r.State, r.Tries, database.NullMicros(r.DueAt), database.Micros(r.UpdatedAt), r.ID, from)
}

// listDue begins the list of refunds to be asked of the provider.
const listDue = `SELECT id, due_at FROM payments_refunds WHERE `

// claimRow puts off a refund that is due and counts the try, so that only one process asks
// for it now; it is sending from then on. false when another one was first.
func claimRow(ctx context.Context, tx *database.Tx, row due.Row, next time.Time) (bool, error) {
	return due.Claimed(tx.One(ctx, "claim refund",
		`UPDATE payments_refunds SET state = 'sending', due_at = ?, tries = tries + 1 WHERE id = ? AND due_at = ? AND state IN ('queued', 'sending', 'unknown')`,
		database.Micros(next), row.ID, database.Micros(row.At)))
}
