package store

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

// Withheld are e-mails that were not written, of one day.
type Withheld struct {
	Recipient string
	Template  string
	Reason    string
	Letters   int
	LastAt    time.Time
}

// Withhold counts an e-mail that is not written.
func Withhold(ctx context.Context, tx *database.Tx, w Withheld) error {
	us := database.Micros(w.LastAt)
	day := us / (24 * time.Hour).Microseconds()
	for range 2 {
		result, err := tx.Exec(ctx, `UPDATE emails_withheld SET letters = letters + 1, last_at = ? WHERE recipient = ? AND template = ? AND reason = ? AND day = ?`,
			us, w.Recipient, w.Template, w.Reason, day)
		if err != nil {
			return fmt.Errorf("count withheld letter: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO emails_withheld (recipient, template, reason, day, letters, last_at) VALUES (?, ?, ?, ?, 1, ?)`,
			w.Recipient, w.Template, w.Reason, day, us)
		if err == nil {
			return nil
		}
		if !database.IsDuplicate(err) {
			return fmt.Errorf("count withheld letter: %w", err)
		}
	}
	return nil
}

// WithheldLetters lists what was not written, newest first.
func WithheldLetters(ctx context.Context, q *database.Tx, limit int) ([]Withheld, error) {
	rows, err := q.Query(ctx, `SELECT recipient, template, reason, letters, last_at FROM emails_withheld ORDER BY last_at DESC, recipient LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("list withheld letters: %w", err)
	}
	defer rows.Close()
	var out []Withheld
	for rows.Next() {
		var w Withheld
		var last int64
		if err := rows.Scan(&w.Recipient, &w.Template, &w.Reason, &w.Letters, &last); err != nil {
			return nil, fmt.Errorf("read withheld letter: %w", err)
		}
		w.LastAt = database.Time(last)
		out = append(out, w)
	}
	return out, rows.Err()
}

// ForgetWithheld removes what was last counted before a time.
func ForgetWithheld(ctx context.Context, tx *database.Tx, before time.Time) error {
	if _, err := tx.Exec(ctx, `DELETE FROM emails_withheld WHERE last_at < ?`, database.Micros(before)); err != nil {
		return fmt.Errorf("delete withheld letters: %w", err)
	}
	return nil
}
