package database_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/dbtest"
)

func touch(ctx context.Context, tx *database.Tx, id string) error {
	_, err := tx.Exec(ctx, "UPDATE things SET n = n + 1 WHERE id = ?", id)
	return err
}

// TestDeadlockIsRetried makes two transactions lock two rows in opposite order.
func TestDeadlockIsRetried(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]func(error) error{
		"when the function returns the error": func(err error) error { return err },
		"when the function ignores the error": func(error) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.OpenURL(t, dbtest.MySQL(t), things)
			write(t, db, "a", "b")
			runs, commits := crossing(t, db, handle)
			if retries := db.Stats().Retries; retries == 0 || uint64(runs) != 2+retries {
				t.Errorf("%d runs, %d retries", runs, retries)
			}
			if commits != 2 {
				t.Errorf("AfterCommit ran %d times, want 2", commits)
			}
			got := map[string]int{}
			err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
				for _, id := range thingsIn(t, db) {
					var n int
					if err := q.QueryRow(ctx, "SELECT n FROM things WHERE id = ?", id).Scan(&n); err != nil {
						return err
					}
					got[id] = n
				}
				return nil
			})
			if diff := cmp.Diff(map[string]int{"a": 3, "b": 3}, got); diff != "" || err != nil {
				t.Errorf("things: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// crossing lets both transactions take their first row before either asks for its
// second.
func crossing(t *testing.T, db *database.DB, handle func(error) error) (runs, commits int) {
	t.Helper()
	var mu sync.Mutex
	var first, all sync.WaitGroup
	first.Add(2)
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		arrive := sync.OnceFunc(first.Done)
		all.Go(func() {
			err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
				mu.Lock()
				runs++
				mu.Unlock()
				tx.AfterCommit(func() { mu.Lock(); commits++; mu.Unlock() })
				if err := handle(touch(ctx, tx, order[0])); err != nil {
					return err
				}
				arrive()
				first.Wait()
				return handle(touch(ctx, tx, order[1]))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return runs, commits
}

func TestMySQLSettings(t *testing.T) {
	t.Parallel()
	db := dbtest.OpenURL(t, dbtest.MySQL(t), things)
	var level, mode, collation string
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		variable := "@@transaction_isolation"
		if err := tx.QueryRow(ctx, "SELECT "+variable).Scan(&level); err != nil {
			variable = "@@tx_isolation" // MariaDB before 11.1
		}
		return errors.Join(
			tx.QueryRow(ctx, "SELECT "+variable).Scan(&level),
			tx.QueryRow(ctx, "SELECT @@sql_mode").Scan(&mode),
			tx.QueryRow(ctx, "SELECT @@collation_connection").Scan(&collation),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	if level != "READ-COMMITTED" || collation != "utf8mb4_bin" || !strings.Contains(mode, "STRICT_ALL_TABLES") {
		t.Errorf("isolation %s, collation %s, mode %s", level, collation, mode)
	}
}

func TestMigrateMendsTheCollation(t *testing.T) {
	t.Parallel()
	url := dbtest.MySQL(t)
	first := openAt(t, url)
	err := first.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db := dbtest.OpenURL(t, url, things)
	write(t, db, "a", "A", "ä", "\U0001f6d2")
}

func TestTooLongForItsColumnIsRefused(t *testing.T) {
	t.Parallel()
	db := dbtest.OpenURL(t, dbtest.MySQL(t), things)
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		return insert(ctx, tx, strings.Repeat("x", 31))
	})
	if err == nil {
		t.Error("it was cut silently")
	}
}
