package code

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

const (
	requestLetters = `SELECT network, share, created_at FROM users_requests WHERE email_key = ? AND created_at > ? AND purpose = ?`
)

// sentLetters lists the e-mails that requests of a purpose have caused since a time.
func sentLetters(ctx context.Context, tx *database.Tx, emailKey string, p Purpose, since time.Time) ([]Letter, error) {
	return ListLetters(ctx, tx, requestLetters, emailKey, database.Micros(since), string(p))
}

// ListLetters reads what a query selects of e-mails that were caused: their network, its
// share and their time.
func ListLetters(ctx context.Context, tx *database.Tx, query string, args ...any) (out []Letter, err error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list e-mails: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var l Letter
		var created int64
		if err := rows.Scan(&l.Network, &l.Share, &created); err != nil {
			return nil, fmt.Errorf("list e-mails: %w", err)
		}
		l.CreatedAt = database.Time(created)
		out = append(out, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list e-mails: %w", err)
	}
	return out, nil
}
