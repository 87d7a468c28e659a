package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"app/platform/database"
)

// Budget is one limit: Burst e-mails at once, and another after each Step.
type Budget struct {
	ID    string // a hash of what is limited
	Burst int
	Step  time.Duration
}

// clocks is how far the clocks of two processes may differ. An arrival that is further
// ahead than a full budget and this is none: it was written before the clock went back.
const clocks = 5 * time.Minute

const (
	// spendBudget moves the arrival time on by a step, from now or from where it is,
	// unless that is too far ahead.
	spendBudget  = `UPDATE emails_budgets SET arrival = CASE WHEN arrival > ? AND arrival <= ? THEN arrival ELSE ? END + ? WHERE id = ? AND (arrival <= ? OR arrival > ?)`
	arrivalOf    = `SELECT arrival FROM emails_budgets WHERE id = ?`
	insertBudget = `INSERT INTO emails_budgets (id, arrival) VALUES (?, ?)`
)

// spendRounds bounds how often Spend looks again because other processes spent of the
// same budget at the same moment.
const spendRounds = 10

// Spend counts an e-mail against a budget, atomically over all processes, if fewer than
// limit e-mails of it are spent; limit is at most Burst. wait is zero when it was
// counted, else the time until it would be.
func Spend(ctx context.Context, tx *database.Tx, b Budget, limit int, now time.Time) (wait time.Duration, err error) {
	at, step := database.Micros(now), b.Step.Microseconds()
	latest, full := at+step*int64(limit-1), at+step*int64(b.Burst)+clocks.Microseconds()
	for range spendRounds {
		err = tx.One(ctx, "spend budget", spendBudget, at, full, at, step, b.ID, latest, full)
		if !errors.Is(err, database.ErrChanged) {
			return 0, err
		}
		var arrival int64
		err = tx.QueryRow(ctx, arrivalOf, b.ID).Scan(&arrival)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			if _, err = tx.Exec(ctx, insertBudget, b.ID, at+step); err == nil || !database.IsDuplicate(err) {
				return 0, err
			}
		case err != nil:
			return 0, fmt.Errorf("read budget: %w", err)
		case arrival > latest:
			return time.Duration(arrival-latest) * time.Microsecond, nil
		}
	}
	return 0, fmt.Errorf("spend budget: %w", err)
}

// ForgetBudgets removes budgets nothing of which is spent at a time.
func ForgetBudgets(ctx context.Context, tx *database.Tx, now time.Time) error {
	if _, err := tx.Exec(ctx, `DELETE FROM emails_budgets WHERE arrival < ?`, database.Micros(now)); err != nil {
		return fmt.Errorf("delete budgets: %w", err)
	}
	return nil
}
