package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"app/platform/database"
)

// Claim takes up to limit letters that are due for sending, for the time of the lease, and returns them. The claim is a
// name nobody used before. Two workers never get the same letter: the update is conditional and counts by the claim.
func Claim(ctx context.Context, tx *database.Tx, claim string, now time.Time, lease time.Duration, limit int) ([]Letter, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM emails_letters WHERE status = 'queued' AND next_at <= ? ORDER BY next_at LIMIT ?`,
		database.Micros(now), limit)
	if err != nil {
		return nil, fmt.Errorf("find due letters: %w", err)
	}
	defer rows.Close()
	var ids []any
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("find due letters: %w", err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return nil, err
	}
	_ = rows.Close()
	args := append([]any{claim, database.Micros(now.Add(lease))}, ids...)
	_, err = tx.Exec(ctx, `UPDATE emails_letters SET status = 'sending', claim = ?, next_at = ?, attempts = attempts + 1
		WHERE status = 'queued' AND id IN (?`+strings.Repeat(", ?", len(ids)-1)+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("claim letters: %w", err)
	}
	return all(tx.Query(ctx, `SELECT `+columns+` FROM emails_letters WHERE claim = ? AND status = 'sending'`, claim))
}

// Outcome is what became of a claimed letter.
type Outcome struct {
	LetterID    string
	Status      Status // Sent, Failed, Unknown, or Queued to try again
	Transport   string
	TransportID string
	Error       string
	NextAt      time.Time // for Queued
}

// Record writes the outcome of a letter that the claim still holds; a letter that another has taken over is left alone.
func Record(ctx context.Context, tx *database.Tx, claim string, o Outcome, now time.Time) error {
	next, sent := now, int64(0)
	if o.Status == Queued {
		next = o.NextAt
	}
	if o.Status == Sent {
		sent = database.Micros(now)
	}
	_, err := tx.Exec(ctx, `UPDATE emails_letters SET status = ?, claim = '', next_at = ?, last_error = ?, transport = ?, transport_id = ?, sent_at = ?
		WHERE id = ? AND claim = ? AND status = 'sending'`,
		string(o.Status), database.Micros(next), clip(o.Error, 500), o.Transport, clip(o.TransportID, 200), sent, o.LetterID, claim)
	if err != nil {
		return fmt.Errorf("record letter: %w", err)
	}
	return nil
}

// Settle deals with letters whose worker vanished while sending: they are queued again when the transport takes a letter
// once however often it is offered, and unknown otherwise. It returns how many there were.
func Settle(ctx context.Context, tx *database.Tx, now time.Time, repeatable bool) (int64, error) {
	status, reason := Unknown, "the worker vanished while sending"
	if repeatable {
		status, reason = Queued, ""
	}
	result, err := tx.Exec(ctx, `UPDATE emails_letters SET status = ?, claim = '', next_at = ?, last_error = ?
		WHERE status = 'sending' AND next_at <= ?`, string(status), database.Micros(now), reason, database.Micros(now))
	if err != nil {
		return 0, fmt.Errorf("settle letters: %w", err)
	}
	return result.RowsAffected()
}

// Abandoned tells whether Settle would find anything.
func Abandoned(ctx context.Context, q *database.Tx, now time.Time) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_letters WHERE status = 'sending' AND next_at <= ?)`, database.Micros(now)).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("find abandoned letters: %w", err)
	}
	return found, nil
}

// Due tells whether a letter waits to be sent now.
func Due(ctx context.Context, q *database.Tx, now time.Time) (found bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails_letters WHERE status = 'queued' AND next_at <= ?)`, database.Micros(now)).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("find due letters: %w", err)
	}
	return found, nil
}
