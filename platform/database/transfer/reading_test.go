package transfer_test

import (
	"context"
	"testing"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/database/transfer"
)

// A copy reads each row once: its next batch begins behind the last, on both engines,
// and not at the first row again.
func TestCopy_ReadsOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fill(t, db)
		query, args, err := transfer.ReadingOn(t.Context(), db, "test_things", "many", 2000*7)
		if err != nil {
			t.Fatal(err)
		}
		if db.Engine() == database.SQLite {
			want := "SEARCH test_things USING INDEX sqlite_autoindex_test_things_1 ((kind,id)>(?,?))\n"
			if plan := dbtest.Plan(t, db, query, args...); plan != want {
				t.Errorf("%s: plan %q, want %q", query, plan, want)
			}
			return
		}
		read := 0
		steps := dbtest.Steps(t, db, func(ctx context.Context, tx *database.Tx) (err error) {
			read, err = rowsOf(ctx, tx, query, args)
			return err
		})
		if read != 10 || steps > 200 {
			t.Errorf("%s: %d rows read for %d", query, steps, read)
		}
	}, wares)
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
