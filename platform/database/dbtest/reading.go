package dbtest

import (
	"context"
	"fmt"
	"testing"

	"app/platform/database"
)

// Plan is how SQLite would run the statement, a line for each step
// (https://www.sqlite.org/eqp.html).
func Plan(t testing.TB, db *database.DB, statement string, args ...any) (plan string) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		rows, err := tx.Query(ctx, "EXPLAIN QUERY PLAN "+statement, args...)
		if err != nil {
			return fmt.Errorf("explain: %w", err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var step string
			if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
				return fmt.Errorf("explain: %w", err)
			}
			plan += step + "\n"
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// Steps runs the work and counts the steps that the server takes for it through its
// indices and tables, and a few more for being asked; 0 on SQLite, which does not
// count.
func Steps(t testing.TB, db *database.DB, work database.Work) (steps int) {
	t.Helper()
	err := db.Read(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		before, err := stepsTaken(ctx, tx)
		if err != nil {
			return err
		}
		if err := work(ctx, tx); err != nil {
			return err
		}
		steps, err = stepsTaken(ctx, tx)
		steps -= before
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// stepsTaken is the account of the connection.
func stepsTaken(ctx context.Context, tx *database.Tx) (steps int, err error) {
	if tx.Engine() == database.SQLite {
		return 0, nil
	}
	rows, err := tx.Query(ctx, `SHOW SESSION STATUS LIKE 'Handler\_read\_%'`)
	if err != nil {
		return 0, fmt.Errorf("read the account of the connection: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var n int
		if err := rows.Scan(new(string), &n); err != nil {
			return 0, fmt.Errorf("read the account of the connection: %w", err)
		}
		steps += n
	}
	return steps, rows.Err()
}
