package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
)

// Allowance is one limit: Burst tries at once, and another after each Step.
type Allowance struct {
	ID    string // a hash of what is limited
	Burst int
	Step  time.Duration
}

const (
	// takeTry moves the arrival time on by a step, from now or from where it is, unless
	// that is too far ahead. One that is further ahead than all tries of the allowance
	// is none: the clock has gone back.
	takeTry = `UPDATE users_tries SET arrival = CASE WHEN arrival > ? AND arrival <= ? THEN arrival ELSE ? END + ?
		WHERE id = ? AND (arrival <= ? OR arrival > ?)`
	arrivalOf  = `SELECT arrival FROM users_tries WHERE id = ?`
	insertTry  = `INSERT INTO users_tries (id, arrival) VALUES (?, ?)`
	returnTry  = `UPDATE users_tries SET arrival = arrival - ? WHERE id = ?`
	oldTries   = `SELECT id FROM users_tries WHERE arrival < ? LIMIT 100`
	deleteTry  = `DELETE FROM users_tries WHERE id = ? AND arrival < ?`
	familiarAt = `SELECT COUNT(*) FROM (SELECT 1 FROM users_sessions WHERE account_id = ? AND network = ? AND user_agent = ? LIMIT 1) AS known`
	devicesOf  = `SELECT user_agent, network FROM users_sessions WHERE account_id = ? UNION
		SELECT user_agent, network FROM users_audit WHERE account_id = ? AND event = 'sign_in' AND outcome = 'ok'`
)

// takeRounds bounds how often TakeTry looks again because other processes counted or
// gave back tries at the same moment.
const takeRounds = 10

// TakeTry counts a try against an allowance, atomically over all processes. wait is
// zero when there was one left, else the time until there is. Errors: ErrChanged when
// the allowance did not hold still; nothing is counted then.
func TakeTry(ctx context.Context, tx *database.Tx, a Allowance, now time.Time) (wait time.Duration, err error) {
	at, step := database.Micros(now), a.Step.Microseconds()
	latest := at + step*int64(a.Burst-1)
	beyond := latest + step + database.ClockSkew.Microseconds()
	for range takeRounds {
		err = tx.One(ctx, "count try", takeTry, at, beyond, at, step, a.ID, latest, beyond)
		if !errors.Is(err, ErrChanged) {
			return 0, err
		}
		arrival, err := firstArrival(ctx, tx, a, at+step)
		switch {
		case err != nil && !errors.Is(err, ErrDuplicate):
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
	if !errors.Is(err, ErrNotFound) {
		return arrival, err
	}
	_, err = tx.Exec(ctx, insertTry, a.ID, next)
	return 0, database.Inserted("try", err)
}

// ReturnTry takes a try back that was counted.
func ReturnTry(ctx context.Context, tx *database.Tx, a Allowance) error {
	return Exec(ctx, tx, "return try", returnTry, a.Step.Microseconds(), a.ID)
}

// DeleteTries removes at most 100 rows whose time came before a time.
func DeleteTries(ctx context.Context, tx *database.Tx, before time.Time) (int, error) {
	limit := database.Micros(before)
	old, err := Texts(ctx, tx, oldTries, limit)
	if err != nil {
		return 0, fmt.Errorf("list old tries: %w", err)
	}
	for _, id := range old {
		if err := Exec(ctx, tx, "delete old try", deleteTry, id, limit); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

// FamiliarDevice reports whether the account has signed in from the network with the
// same program.
func FamiliarDevice(ctx context.Context, tx *database.Tx, accountID, network, agent string) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, familiarAt, accountID, network, agent).Scan(&n)
	return n > 0, database.Found("devices", err)
}

// Device is what an account has been signed in to with, and the network that it was in.
type Device struct{ UserAgent, Network string }

// Devices lists what the account is remembered to have been signed in to with, each
// once.
func Devices(ctx context.Context, tx *database.Tx, accountID string) (out []Device, err error) {
	rows, err := tx.Query(ctx, devicesOf, accountID, accountID)
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d Device
		if err := rows.Scan(&d.UserAgent, &d.Network); err != nil {
			return nil, fmt.Errorf("list devices: %w", err)
		}
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	return out, nil
}
