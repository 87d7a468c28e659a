// Package backlog counts what waits in the events tables of a module: in its outbox,
// and in its inbox.
package backlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
)

// Limit is where Measure stops counting.
const Limit = 10_000

// Counts are what waits in the tables of one module. Counts stop at Limit.
type Counts struct {
	// Unsent events have not reached all of their destinations; Deferred are the
	// deliveries that a destination which was away has still to get.
	Unsent, Deferred int
	// Oldest is the age of the oldest unsent event, 0 without one.
	Oldest time.Duration
	// Retrying and Dead count events of the module's own consumers.
	Retrying, Dead int
}

// Measure counts what waits in a module's database.
func Measure(ctx context.Context, db *database.DB) (Counts, error) {
	var c Counts
	var waiting, deferred int
	err := db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		for _, count := range []struct {
			into *int
			from string
		}{
			{&waiting, `events_outbox WHERE state = 0`}, {&deferred, `events_outbox WHERE state = 2`}, {&c.Deferred, `events_owed`},
			{&c.Retrying, `events_inbox WHERE state = 0`}, {&c.Dead, `events_inbox WHERE state = 2`},
		} {
			query := `SELECT COUNT(*) FROM (SELECT 1 FROM ` + count.from + ` LIMIT ?) AS found`
			if err := q.QueryRow(ctx, query, Limit).Scan(count.into); err != nil {
				return err
			}
		}
		var err error
		c.Oldest, err = oldestUnsentAge(ctx, q, db.Now())
		return err
	})
	if err != nil {
		return Counts{}, fmt.Errorf("measure events of %s: %w", db.Module(), err)
	}
	c.Unsent = min(waiting+deferred, Limit)
	return c, nil
}

// oldestUnsentAge finds the age of the first unsent event. Two questions, each answered
// by the first entry of an index.
func oldestUnsentAge(ctx context.Context, q *database.Tx, now time.Time) (age time.Duration, err error) {
	for _, query := range []string{
		`SELECT occurred_at FROM events_outbox WHERE state = 0 ORDER BY seq LIMIT 1`,
		`SELECT occurred_at FROM events_outbox WHERE state = 2 ORDER BY seq LIMIT 1`,
	} {
		var at int64
		switch err := q.QueryRow(ctx, query).Scan(&at); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return 0, err
		default:
			age = max(age, now.Sub(database.Time(at)))
		}
	}
	return age, nil
}
