package database_test

import (
	"context"
	"fmt"
	"testing"

	"app/platform/database"
	"app/platform/database/dbtest"
)

// A copy reads each row once: its next batch begins behind the last, on both engines, and not at the first row again.
func TestCopy_ReadsOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fill(t, db)
		query, args, err := database.ReadingOn(t.Context(), db, "test_things", "many", 2000*7)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			if db.Engine() == database.SQLite {
				return beginsAtKey(ctx, tx, query, args)
			}
			return readsFewRows(ctx, tx, query, args)
		})
		if err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}, wares)
}

// beginsAtKey asks SQLite how it would run the statement.
func beginsAtKey(ctx context.Context, tx *database.Tx, query string, args []any) error {
	var step string
	err := tx.QueryRow(ctx, "EXPLAIN QUERY PLAN "+query, args...).Scan(new(int), new(int), new(int), &step)
	if want := "SEARCH test_things USING INDEX sqlite_autoindex_test_things_1 ((kind,id)>(?,?))"; err == nil && step != want {
		err = fmt.Errorf("plan %q, want %q", step, want)
	}
	return err
}

// readsFewRows runs the statement and reads in the account of the connection what it took.
func readsFewRows(ctx context.Context, tx *database.Tx, query string, args []any) error {
	before, err := stepsTaken(ctx, tx)
	if err != nil {
		return err
	}
	read, err := rowsOf(ctx, tx, query, args)
	if err != nil {
		return err
	}
	after, err := stepsTaken(ctx, tx)
	if err == nil && (read != 10 || after-before > 200) {
		err = fmt.Errorf("%d rows read for %d", after-before, read)
	}
	return err
}

func rowsOf(ctx context.Context, tx *database.Tx, query string, args []any) (n int, err error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

func stepsTaken(ctx context.Context, tx *database.Tx) (steps int, err error) {
	rows, err := tx.Query(ctx, `SHOW SESSION STATUS LIKE 'Handler\_read\_%'`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(new(string), &n); err != nil {
			return 0, err
		}
		steps += n
	}
	return steps, rows.Err()
}
