package store

import (
	"context"
	"errors"
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
	codeLetters    = `SELECT network, share, created_at FROM users_codes WHERE email_key = ? AND created_at > ?`
	requestLetters = `SELECT network, share, created_at FROM users_requests WHERE email_key = ? AND created_at > ? AND purpose = ?`
	networkInUse   = `SELECT COUNT(*) FROM (SELECT 1 FROM users_sessions WHERE network = ? LIMIT 1) AS known`

	holdLetters  = `UPDATE users_tries SET arrival = arrival + 1 WHERE id = ?`
	beginLetters = `INSERT INTO users_tries (id, arrival) VALUES (?, ?)`
)

// HoldLetters keeps everybody else from counting the e-mails of an address until the
// transaction ends, in this process and all others: what is counted after it and
// written before the end is a bound that holds. id is a hash of the address and the
// purpose.
func HoldLetters(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	var err error
	for range takeRounds {
		if err = tx.One(ctx, "hold letters", holdLetters, id); !errors.Is(err, ErrChanged) {
			return err
		}
		_, err = tx.Exec(ctx, beginLetters, id, database.Micros(now))
		if err = database.Inserted("hold on letters", err); !errors.Is(err, ErrDuplicate) {
			return err
		}
	}
	return err
}

// CodeLetters lists the e-mails that registrations of an address have caused since a
// time.
func CodeLetters(ctx context.Context, tx *database.Tx, emailKey string, since time.Time) ([]Letter, error) {
	return lettersOf(ctx, tx, codeLetters, emailKey, database.Micros(since))
}

// RequestLetters lists the e-mails that requests of a purpose have caused since a time.
func RequestLetters(ctx context.Context, tx *database.Tx, emailKey string, p Purpose, since time.Time) ([]Letter, error) {
	return lettersOf(ctx, tx, requestLetters, emailKey, database.Micros(since), string(p))
}

func lettersOf(ctx context.Context, tx *database.Tx, query string, args ...any) (out []Letter, err error) {
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

// NetworkInUse reports whether any account is signed in, or was until lately, from the
// network.
func NetworkInUse(ctx context.Context, tx *database.Tx, network string) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, networkInUse, network).Scan(&n)
	return n > 0, database.Found("networks", err)
}
