package store

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

// Mail is an e-mail in the development mailbox.
type Mail struct {
	LetterID  string
	Recipient string
	Subject   string
	Text      string
	HTML      string
	CreatedAt time.Time
}

// Deliver puts mail into the mailbox. ErrDuplicate: it is there already.
func Deliver(ctx context.Context, tx *database.Tx, m Mail) error {
	_, err := tx.Exec(ctx, `INSERT INTO emails_mailbox (letter_id, recipient, subject, body_text, body_html, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		m.LetterID, m.Recipient, m.Subject, m.Text, m.HTML, database.Micros(m.CreatedAt))
	if database.IsDuplicate(err) {
		return ErrDuplicate
	}
	if err != nil {
		return fmt.Errorf("insert mail: %w", err)
	}
	return nil
}

// Mails lists mail to an address, or all of it when the address is empty, newest first.
func Mails(ctx context.Context, q *database.Tx, to string, limit int) ([]Mail, error) {
	statement := `SELECT letter_id, recipient, subject, body_text, body_html, created_at FROM emails_mailbox`
	args := []any{limit}
	if to != "" {
		statement, args = statement+` WHERE recipient = ?`, []any{to, limit}
	}
	rows, err := q.Query(ctx, statement+` ORDER BY created_at DESC, letter_id DESC LIMIT ?`, args...)
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	defer rows.Close()
	out := []Mail{}
	for rows.Next() {
		var m Mail
		var created int64
		if err := rows.Scan(&m.LetterID, &m.Recipient, &m.Subject, &m.Text, &m.HTML, &created); err != nil {
			return nil, fmt.Errorf("read mail: %w", err)
		}
		m.CreatedAt = database.Time(created)
		out = append(out, m)
	}
	return out, rows.Err()
}
