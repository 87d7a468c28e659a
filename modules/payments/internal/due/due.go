// Package due is what the workers of payments have in common: they list the rows that
// are due, claim each before they act on it, and say when it is tried again.
package due

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"app/platform/database"
)

const (
	batch    = 100 // rows a worker takes at a time
	parallel = 8   // of them at the same time
)

// Row is a row that a worker has to look at.
type Row struct {
	ID string
	At time.Time
}

// Schedule says how long things wait for their next try.
type Schedule struct {
	// Timeout is how long a provider may take to answer.
	Timeout time.Duration
	// Retry is how long what failed waits before it is tried again; it doubles at each
	// try, up to ten minutes.
	Retry time.Duration
}

// longest is how long what failed waits for its next try at most.
const longest = 10 * time.Minute

// Backoff doubles a first wait with each try, up to ten minutes.
func Backoff(first time.Duration, tries int64) time.Duration {
	for ; tries > 0 && first < longest; tries-- {
		first *= 2
	}
	return min(first, longest)
}

// Backoff is how long to wait after what has been tried so often.
func (s Schedule) Backoff(tries int64) time.Duration { return Backoff(s.Retry, tries) }

// Claim is how long a row is put off by whoever works on it: longer than asking a
// provider takes.
func (s Schedule) Claim() time.Duration { return 2 * s.Timeout }

// longestWait is how far ahead anything is put off at most.
func (s Schedule) longestWait() time.Duration { return longest + s.Claim() }

// List lists the rows of a statement that are due by now, the longest waiting first, as
// many as a worker takes at a time. Then it lists what is put off for longer than
// anything is: the clock has gone back since. The statement selects the id and due_at
// and ends where the condition on due_at follows, as in "SELECT id, due_at FROM
// payments_refunds WHERE ".
func (s Schedule) List(ctx context.Context, q *database.Tx, now time.Time, statement string, args ...any) ([]Row, error) {
	args = args[:len(args):len(args)]
	out, err := listRows(ctx, q, statement+`due_at <= ?`, append(args, database.Micros(now), batch)...)
	if err != nil || len(out) == batch {
		return out, err
	}
	beyond := now.Add(s.longestWait() + database.ClockSkew)
	late, err := listRows(ctx, q, statement+`due_at > ?`, append(args, database.Micros(beyond), batch-len(out))...)
	return append(out, late...), err
}

func listRows(ctx context.Context, q *database.Tx, statement string, args ...any) ([]Row, error) {
	rows, err := q.Query(ctx, statement+` ORDER BY due_at LIMIT ?`, args...)
	if err != nil {
		return nil, fmt.Errorf("read what is due: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Row
	for rows.Next() {
		var r Row
		var at database.Timestamp
		if err := rows.Scan(&r.ID, &at); err != nil {
			return nil, fmt.Errorf("read what is due: %w", err)
		}
		r.At = at.Time
		out = append(out, r)
	}
	return out, rows.Err()
}

// Claimed reads the answer of the conditional update that puts off a row: false when
// another process was first.
func Claimed(err error) (bool, error) {
	if errors.Is(err, database.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

// Each runs the work for all rows that list finds, several at a time, and reports
// whether there may be others. Errors of the work are its own to log.
func Each(ctx context.Context, db *database.DB, list func(context.Context, *database.Tx) ([]Row, error), work func(Row)) (more bool, err error) {
	rows, err := database.Read(ctx, db, list)
	if err != nil {
		return false, err
	}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, r := range rows {
		group.Go(func() error { work(r); return nil })
	}
	return len(rows) == batch, group.Wait() //nolint:wrapcheck // always nil
}
