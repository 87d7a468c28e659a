package database_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"app/platform/database"
	"app/platform/database/dbtest"
)

// What stores tell their callers is the same on both engines.
func TestRows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var args []any
		var sum int64
		for i := range 200 { // batches of 64, 64, 64, 8
			args = append(args, fmt.Sprint("many-", i), fmt.Sprint("name-", i), i)
		}
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			if err := tx.InsertMany(ctx, `INSERT INTO things (id, name, n)`, 3, args); err != nil {
				return err
			}
			if err := database.Inserted("thing", insert(ctx, tx, "many-1")); !errors.Is(err, database.ErrDuplicate) {
				t.Errorf("inserted twice: %v", err)
			}
			if err := tx.One(ctx, "update thing", `UPDATE things SET n = ? WHERE id = ?`, 1, "many-1"); err != nil {
				t.Errorf("one that is there: %v", err)
			}
			if err := tx.One(ctx, "update thing", `UPDATE things SET n = ? WHERE id = ?`, 1, "nobody"); !errors.Is(err, database.ErrChanged) {
				t.Errorf("one that is not: %v", err)
			}
			var n int64
			err := tx.QueryRow(ctx, `SELECT n FROM things WHERE id = ?`+tx.ForUpdate(), "nobody").Scan(&n)
			if err := database.Found("thing", err); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("found: %v", err)
			}
			return tx.QueryRow(ctx, `SELECT SUM(n) FROM things WHERE n >= ?`, 0).Scan(&sum)
		})
		if rows := len(thingsIn(t, db)); err != nil || sum != 19_900 || rows != 200 {
			t.Errorf("%d rows with the sum %d, %v", rows, sum, err)
		}
	}, things)
}

func TestAbsentTimes(t *testing.T) {
	t.Parallel()
	if database.NullMicros(time.Time{}) != nil || !database.NullTime(sql.NullInt64{}).IsZero() {
		t.Error("the zero time is not NULL")
	}
	at := time.Date(2026, 11, 21, 12, 0, 0, 123_456_000, time.UTC)
	if us, ok := database.NullMicros(at).(int64); !ok || !database.NullTime(sql.NullInt64{Int64: us, Valid: true}).Equal(at) {
		t.Errorf("%v", database.NullMicros(at))
	}
}
