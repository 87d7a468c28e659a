package testprovider

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"app/modules/payments/internal/provider"
	"app/platform/database"
)

// charge is a row of the ledger.
type charge struct {
	key, method      string
	status           provider.Status
	currency         string
	amount, captured int64
	captureAt, at    time.Time
}

func (c charge) toProviderCharge() provider.Charge {
	out := provider.Charge{Key: c.key, Status: c.status, Amount: c.captured, Currency: c.currency}
	if c.status == provider.Declined {
		out.Reason = "declined"
	}
	return out
}

func insertCharge(ctx context.Context, tx *database.Tx, c charge) error {
	var captureAt any
	if !c.captureAt.IsZero() {
		captureAt = database.Micros(c.captureAt)
	}
	_, err := tx.Exec(ctx, `INSERT INTO payments_test_charges (charge, method, status, currency, amount, captured, refunded, capture_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)`, c.key, c.method, c.status, c.currency, c.amount, c.captured, captureAt, database.Micros(c.at))
	return err //nolint:wrapcheck // the caller tells duplicates apart
}

func readCharge(ctx context.Context, tx *database.Tx, key string) (c charge, found bool, err error) {
	c.key = key
	err = tx.QueryRow(ctx, `SELECT method, status, currency, amount, captured FROM payments_test_charges WHERE charge = ?`, key).
		Scan(&c.method, &c.status, &c.currency, &c.amount, &c.captured)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("read charge: %w", err)
	}
	return c, true, nil
}

// captureCharge takes the money of a pending charge whose time has come; false when
// another process did.
func captureCharge(ctx context.Context, tx *database.Tx, key string) (bool, error) {
	result, err := tx.Exec(ctx, `UPDATE payments_test_charges SET status = 'captured', captured = amount, capture_at = NULL
		WHERE charge = ? AND status = 'pending'`, key)
	if err != nil {
		return false, fmt.Errorf("capture: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err //nolint:wrapcheck // drivers of both engines never fail here
}

func dueCaptures(ctx context.Context, tx *database.Tx, now time.Time) ([]string, error) {
	return queryColumn(ctx, tx, `SELECT charge FROM payments_test_charges WHERE capture_at <= ? ORDER BY capture_at LIMIT 100`, database.Micros(now))
}

func insertRefund(ctx context.Context, tx *database.Tx, r provider.RefundRequest, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO payments_test_refunds (refund, charge, amount, created_at) VALUES (?, ?, ?, ?)`,
		r.Key, r.Charge, r.Amount, database.Micros(now))
	return err //nolint:wrapcheck // the caller tells duplicates apart
}

// takeRefund takes the money off the charge; it refuses what was not captured.
func takeRefund(ctx context.Context, tx *database.Tx, r provider.RefundRequest) error {
	result, err := tx.Exec(ctx, `UPDATE payments_test_charges SET refunded = refunded + ? WHERE charge = ? AND currency = ? AND refunded + ? <= captured`,
		r.Amount, r.Charge, r.Currency, r.Amount)
	if err != nil {
		return fmt.Errorf("refund: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(provider.ErrRefused, err)
	}
	return nil
}

func insertWebhook(ctx context.Context, tx *database.Tx, id string, body []byte, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO payments_test_webhooks (id, body, tries, due_at, created_at) VALUES (?, ?, 0, ?, ?)`,
		id, body, database.Micros(now), database.Micros(now))
	if err != nil {
		return fmt.Errorf("queue webhook: %w", err)
	}
	return nil
}

func dueWebhooks(ctx context.Context, tx *database.Tx, now time.Time) ([]string, error) {
	return queryColumn(ctx, tx, `SELECT id FROM payments_test_webhooks WHERE due_at <= ? ORDER BY due_at LIMIT 100`, database.Micros(now))
}

// takeWebhook puts off a delivery that is due, so that one process makes it now.
func takeWebhook(ctx context.Context, tx *database.Tx, id string, now time.Time) (body []byte, took bool, err error) {
	var tries int64
	err = tx.QueryRow(ctx, `SELECT body, tries FROM payments_test_webhooks WHERE id = ? AND due_at <= ?`, id, database.Micros(now)).Scan(&body, &tries)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read webhook: %w", err)
	}
	again := now.Add(min(time.Second<<min(tries, 8), 5*time.Minute))
	result, err := tx.Exec(ctx, `UPDATE payments_test_webhooks SET tries = tries + 1, due_at = ? WHERE id = ? AND tries = ? AND due_at IS NOT NULL`,
		database.Micros(again), id, tries)
	if err != nil {
		return nil, false, fmt.Errorf("take webhook: %w", err)
	}
	n, err := result.RowsAffected()
	return body, n == 1, err //nolint:wrapcheck // drivers of both engines never fail here
}

func finishWebhook(ctx context.Context, tx *database.Tx, id string) error {
	if _, err := tx.Exec(ctx, `UPDATE payments_test_webhooks SET due_at = NULL WHERE id = ?`, id); err != nil {
		return fmt.Errorf("finish webhook: %w", err)
	}
	return nil
}

func queryColumn(ctx context.Context, tx *database.Tx, query string, args ...any) ([]string, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read what is due: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, fmt.Errorf("read what is due: %w", err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
