package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
)

// Due is a row that a worker has to look at.
type Due struct {
	ID string
	At time.Time
}

// DuePayments lists the payments whose attempt was due to be looked at by now, the
// longest waiting first. Like the others here it then lists what is put off for longer
// than anything is: the clock has gone back since.
func DuePayments(ctx context.Context, tx *database.Tx, now time.Time, longest time.Duration, limit int) ([]Due, error) {
	return listDueOrSkewed(ctx, tx, `SELECT id, due_at FROM payments_payments WHERE `, now, longest, limit)
}

// DueRefunds lists the refunds to be asked of the provider by now, the longest waiting
// first.
func DueRefunds(ctx context.Context, tx *database.Tx, now time.Time, longest time.Duration, limit int) ([]Due, error) {
	return listDueOrSkewed(ctx, tx, `SELECT id, due_at FROM payments_refunds WHERE `, now, longest, limit)
}

// DueWebhooks lists the events of a provider to be processed by now, the longest
// waiting first.
func DueWebhooks(ctx context.Context, tx *database.Tx, provider string, now time.Time, longest time.Duration, limit int) ([]Due, error) {
	return listDueOrSkewed(ctx, tx, `SELECT event_id, due_at FROM payments_webhooks WHERE provider = ? AND `, now, longest, limit, provider)
}

func listDueOrSkewed(ctx context.Context, tx *database.Tx, query string, now time.Time, longest time.Duration, limit int, args ...any) ([]Due, error) {
	out, err := listDue(ctx, tx, query+`due_at <= ?`, limit, append(args[:len(args):len(args)], database.Micros(now))...)
	if err != nil || len(out) == limit {
		return out, err
	}
	late, err := listDue(ctx, tx, query+`due_at > ?`, limit-len(out), append(args[:len(args):len(args)], database.Micros(now.Add(longest+database.ClockSkew)))...)
	return append(out, late...), err
}

func listDue(ctx context.Context, tx *database.Tx, query string, limit int, args ...any) ([]Due, error) {
	rows, err := tx.Query(ctx, query+` ORDER BY due_at LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("read what is due: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Due
	for rows.Next() {
		var d Due
		var at int64
		if err := rows.Scan(&d.ID, &at); err != nil {
			return nil, fmt.Errorf("read what is due: %w", err)
		}
		d.At = database.Time(at)
		out = append(out, d)
	}
	return out, rows.Err()
}

// ClaimPayment puts off a payment that is due and counts the try, so that only one
// process looks at it now; false when another one was first.
func ClaimPayment(ctx context.Context, tx *database.Tx, d Due, next time.Time) (bool, error) {
	return claimSucceeded(tx.One(ctx, "claim payment", `UPDATE payments_payments SET due_at = ?, tries = tries + 1 WHERE id = ? AND due_at = ?`,
		database.Micros(next), d.ID, database.Micros(d.At)))
}

// ClaimRefund is ClaimPayment for a refund, which is sending from then on.
func ClaimRefund(ctx context.Context, tx *database.Tx, d Due, next time.Time) (bool, error) {
	return claimSucceeded(tx.One(ctx, "claim refund",
		`UPDATE payments_refunds SET state = 'sending', due_at = ?, tries = tries + 1 WHERE id = ? AND due_at = ? AND state IN ('queued', 'sending', 'unknown')`,
		database.Micros(next), d.ID, database.Micros(d.At)))
}

func claimSucceeded(err error) (bool, error) {
	if errors.Is(err, ErrChanged) {
		return false, nil
	}
	return err == nil, err
}
