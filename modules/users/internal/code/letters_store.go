package code

import (
	"context"
	"fmt"
	"time"

	"app/platform/database"
)

// Share is the part of an address's e-mails that one of them was taken from. What uses
// one up leaves the others.
type Share string

// The shares.
const (
	ShareOwn   Share = "own"   // of a network that the account has signed in from
	ShareKnown Share = "known" // the first of a place in a day, from a network that somebody has signed in from
	ShareFirst Share = "first" // the first of a place in a day, from any other network
	ShareMore  Share = "more"  // all others; rows of before there were shares have an empty one and count here
)

// Letter is one e-mail that was sent because somebody asked for it.
type Letter struct {
	Network   string // which it was asked for from; empty: not known
	Share     Share
	CreatedAt time.Time
}

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
		return nil, fmt.Errorf("list letters: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var l Letter
		var created int64
		if err := rows.Scan(&l.Network, &l.Share, &created); err != nil {
			return nil, fmt.Errorf("list letters: %w", err)
		}
		l.CreatedAt = database.Time(created)
		out = append(out, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list letters: %w", err)
	}
	return out, nil
}
