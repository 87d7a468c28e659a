package tries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"app/modules/users/internal/store"
	"app/platform/database"
)

// tryRow is a row of users_tries.
type tryRow struct {
	bun.BaseModel `bun:"table:users_tries,alias:t"`

	ID      string `bun:"id,pk"`
	Arrival int64  `bun:"arrival"` // microseconds
}

var tryRows = database.ModelOf[tryRow]()

const (
	holdTries = `UPDATE users_tries SET arrival = arrival + 1 WHERE id = ?`
	// takeTry moves the arrival time on by a step, from now or from where it is, unless
	// that is too far ahead. One that is further ahead than all tries of the allowance
	// is none: the clock has gone back.
	takeTry = `UPDATE users_tries SET arrival = CASE WHEN arrival > ? AND arrival <= ? THEN arrival ELSE ? END + ?
		WHERE id = ? AND (arrival <= ? OR arrival > ?)`
	arrivalOf = `SELECT arrival FROM users_tries WHERE id = ?`
	returnTry = `UPDATE users_tries SET arrival = arrival - ? WHERE id = ?`
	oldTries  = `SELECT id FROM users_tries WHERE arrival < ? LIMIT 100`
	deleteTry = `DELETE FROM users_tries WHERE id = ? AND arrival < ?`
)

// Hold keeps everybody else from counting the e-mails of an address until the
// transaction ends, in this process and all others: what is counted after it and
// written before the end is a bound that holds. id is a hash of the address and the
// purpose.
func Hold(ctx context.Context, tx *database.Tx, id string, now time.Time) error {
	var err error
	for range takeRounds {
		if err = tx.One(ctx, "hold e-mails", holdTries, id); !errors.Is(err, store.ErrChanged) {
			return err
		}
		err = tryRows.Insert(ctx, tx, "hold on e-mails", tryRow{ID: id, Arrival: database.Micros(now)})
		if !errors.Is(err, store.ErrDuplicate) {
			return err
		}
	}
	return err
}

// takeRounds bounds how often Take looks again because other processes counted or
// gave back tries at the same moment.
const takeRounds = 10

// Take counts a try against an allowance, atomically over all processes. wait is
// zero when there was one left, else the time until there is. Errors: ErrChanged when
// the allowance did not hold still; nothing is counted then.
func Take(ctx context.Context, tx *database.Tx, a Allowance, now time.Time) (wait time.Duration, err error) {
	at, step := database.Micros(now), a.Step.Microseconds()
	latest := at + step*int64(a.Burst-1)
	beyond := latest + step + database.ClockSkew.Microseconds()
	for range takeRounds {
		err = tx.One(ctx, "count try", takeTry, at, beyond, at, step, a.ID, latest, beyond)
		if !errors.Is(err, store.ErrChanged) {
			return 0, err
		}
		arrival, err := firstArrival(ctx, tx, a, at+step)
		switch {
		case err != nil && !errors.Is(err, store.ErrDuplicate):
			return 0, err
		case err == nil && arrival == 0:
			return 0, nil
		case arrival > latest && arrival <= beyond:
			return time.Duration(arrival-latest) * time.Microsecond, nil
		}
	}
	return 0, err
}

// firstArrival counts the first try and returns 0, or returns the arrival time of the
// tries that others have counted. Errors: ErrDuplicate when they did so in between.
func firstArrival(ctx context.Context, tx *database.Tx, a Allowance, next int64) (arrival int64, err error) {
	err = database.Found("tries", tx.QueryRow(ctx, arrivalOf, a.ID).Scan(&arrival))
	if !errors.Is(err, store.ErrNotFound) {
		return arrival, err
	}
	return 0, tryRows.Insert(ctx, tx, "try", tryRow{ID: a.ID, Arrival: next})
}

// giveBackTry takes a try back that was counted.
func giveBackTry(ctx context.Context, tx *database.Tx, a Allowance) error {
	return store.Exec(ctx, tx, "return try", returnTry, a.Step.Microseconds(), a.ID)
}

// Sweep removes at most 100 rows whose time came before a time.
func Sweep(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	limit := database.Micros(before)
	old, err := store.Texts(ctx, tx, oldTries, limit)
	if err != nil {
		return 0, fmt.Errorf("list old tries: %w", err)
	}
	for _, id := range old {
		if err := store.Exec(ctx, tx, "delete old try", deleteTry, id, limit); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}
