package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
)

// Reason is why an address is suppressed.
type Reason string

// The reasons.
const (
	Bounce    Reason = "bounce"    // permanently: there is no such mailbox
	Complaint Reason = "complaint" // its owner called a letter spam
)

// Suppression is an address that e-mails are not sent to.
type Suppression struct {
	Address   string // its key, as emailaddr.Address has it
	Reason    Reason
	Detail    string // in the words of whoever reported it
	LetterID  string // whose sending showed it, empty when that is not known
	CreatedAt time.Time
}

// Suppress notes an address. A bounce weighs more than a complaint and replaces it;
// otherwise the first report stays.
func Suppress(ctx context.Context, tx *database.Tx, s Suppression) error {
	old, err := SuppressionOf(ctx, tx, s.Address)
	switch {
	case errors.Is(err, ErrNotFound):
		_, err = tx.Exec(ctx, `INSERT INTO emails_suppressions (address, reason, detail, letter_id, created_at) VALUES (?, ?, ?, ?, ?)`,
			s.Address, string(s.Reason), truncateValidText(s.Detail, 200), truncateValidText(s.LetterID, 40), database.Micros(s.CreatedAt))
		if database.IsDuplicate(err) {
			err = nil // another notice was faster
		}
	case err == nil && old.Reason == Complaint && s.Reason == Bounce:
		_, err = tx.Exec(ctx, `UPDATE emails_suppressions SET reason = ?, detail = ?, letter_id = ? WHERE address = ?`,
			string(s.Reason), truncateValidText(s.Detail, 200), truncateValidText(s.LetterID, 40), s.Address)
	}
	if err != nil {
		return fmt.Errorf("suppress address: %w", err)
	}
	return nil
}

// SuppressionOf reads the suppression of an address. ErrNotFound: there is none.
func SuppressionOf(ctx context.Context, q *database.Tx, address string) (Suppression, error) {
	s, err := scanSuppression(q.QueryRow(ctx, `SELECT address, reason, detail, letter_id, created_at FROM emails_suppressions WHERE address = ?`, address))
	if errors.Is(err, sql.ErrNoRows) {
		return Suppression{}, ErrNotFound
	}
	if err != nil {
		return Suppression{}, fmt.Errorf("read suppression: %w", err)
	}
	return s, nil
}

func scanSuppression(row interface{ Scan(...any) error }) (s Suppression, err error) {
	var created int64
	err = row.Scan(&s.Address, &s.Reason, &s.Detail, &s.LetterID, &created)
	s.CreatedAt = database.Time(created)
	return s, err
}

// Suppressions lists suppressed addresses, newest first, those after a given one only;
// the zero value for the first page.
func Suppressions(ctx context.Context, q *database.Tx, after Suppression, limit int) ([]Suppression, error) {
	statement := `SELECT address, reason, detail, letter_id, created_at FROM emails_suppressions`
	args := []any{limit}
	if after.Address != "" {
		at := database.Micros(after.CreatedAt)
		statement, args = statement+` WHERE created_at <= ? AND (created_at < ? OR address < ?)`, []any{at, at, after.Address, limit}
	}
	rows, err := q.Query(ctx, statement+` ORDER BY created_at DESC, address DESC LIMIT ?`, args...)
	if err != nil {
		return nil, fmt.Errorf("list suppressions: %w", err)
	}
	defer rows.Close()
	var out []Suppression
	for rows.Next() {
		s, err := scanSuppression(rows)
		if err != nil {
			return nil, fmt.Errorf("read suppression: %w", err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Unsuppress lets e-mails go to an address again. ErrNotFound: it was not suppressed.
func Unsuppress(ctx context.Context, tx *database.Tx, address string) error {
	result, err := tx.Exec(ctx, `DELETE FROM emails_suppressions WHERE address = ?`, address)
	if err != nil {
		return fmt.Errorf("delete suppression: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNotFound)
	}
	return nil
}
