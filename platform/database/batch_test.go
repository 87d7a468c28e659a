package database_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/dbtest"
)

func TestWaitingCallersShareACommit(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things)
	before := db.Stats()
	works := make([]database.Work, 64)
	for i := range works {
		works[i] = func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, strconv.Itoa(i)) }
	}
	if err := errors.Join(together(t, db, works...)...); err != nil {
		t.Fatal(err)
	}
	after := db.Stats()
	if got := after.Writes - before.Writes; got != 65 {
		t.Errorf("%d writes counted, want 65", got)
	}
	// One for the caller they waited for, one for them, and some for a machine that was interrupted in between.
	if got := after.Commits - before.Commits; got > 20 {
		t.Errorf("%d commits for 65 writes", got)
	}
	if got := len(thingsIn(t, db)); got != 64 {
		t.Errorf("%d things, want 64", got)
	}
}

// TestFailedCommitReachesEverybody makes a COMMIT fail by a constraint that is checked there.
func TestFailedCommitReachesEverybody(t *testing.T) {
	t.Parallel()
	parts := fstest.MapFS{"0002_create_parts.sqlite.up.sql": {Data: []byte(`CREATE TABLE parts (
		id VARCHAR(30) PRIMARY KEY, thing VARCHAR(30) REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)`)}}
	db := dbtest.Open(t, things, parts)
	followed := false
	good := func(id string) database.Work {
		return func(ctx context.Context, tx *database.Tx) error {
			tx.AfterCommit(func() { followed = true })
			return insert(ctx, tx, id)
		}
	}
	errs := together(t, db, good("a"), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO parts (id, thing) VALUES (?, ?)", "p", "none")
		return err
	}, func(context.Context, *database.Tx) error { return errRefused }, good("b"))
	for i, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "FOREIGN KEY") {
			t.Errorf("caller %d: %v, want the error of the commit", i, err)
		}
	}
	if followed {
		t.Error("AfterCommit ran though the commit failed")
	}
	if got := thingsIn(t, db); len(got) != 0 {
		t.Errorf("things = %v after a failed commit", got)
	}
	write(t, db, "later")
}

// TestFullDatabase lets SQLite run out of pages within a batch: what was acknowledged is there, the rest is not.
func TestFullDatabase(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things, fstest.MapFS{"0002_create_blobs.up.sql": {Data: []byte(
		`CREATE TABLE blobs (id VARCHAR(30) PRIMARY KEY, body MEDIUMBLOB)`)}})
	limit(t, db, 40)
	works := make([]database.Work, 9)
	for i := range works {
		works[i] = func(ctx context.Context, tx *database.Tx) error {
			if err := insert(ctx, tx, strconv.Itoa(i)); err != nil {
				return err
			}
			if i%3 == 1 {
				_, _ = tx.Exec(ctx, "INSERT INTO blobs (id, body) VALUES (?, ?)", i, make([]byte, 1<<20)) // swallowed
			}
			return nil
		}
	}
	want := []string{}
	for i, err := range together(t, db, works...) {
		if err == nil {
			want = append(want, strconv.Itoa(i))
		}
	}
	if diff := cmp.Diff(want, thingsIn(t, db)); diff != "" {
		t.Errorf("things (-acknowledged +got):\n%s", diff)
	}
	limit(t, db, 1<<20)
	write(t, db, "later")
}

func limit(t *testing.T, db *database.DB, pages int) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf("PRAGMA max_page_count=%d", pages))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSettingsAreWhatIsClaimed(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t)
	written, read := map[string]string{}, map[string]string{}
	err := errors.Join(
		db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error { return pragmas(ctx, tx, written) }),
		db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error { return pragmas(ctx, q, read) }),
	)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "query_only": "0"}
	if diff := cmp.Diff(want, written); diff != "" {
		t.Errorf("writer (-want +got):\n%s", diff)
	}
	if read["query_only"] != "1" || read["journal_mode"] != "wal" {
		t.Errorf("reader: %v, want query_only", read)
	}
}

func pragmas(ctx context.Context, tx *database.Tx, values map[string]string) error {
	for _, name := range []string{"journal_mode", "synchronous", "foreign_keys", "query_only"} {
		var value string
		if err := tx.QueryRow(ctx, "PRAGMA "+name).Scan(&value); err != nil {
			return err
		}
		values[name] = value
	}
	return nil
}

func TestManyStatementsAreKept(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, things)
	write(t, db, "a")
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		for i := range 1000 {
			var n int
			if err := q.QueryRow(ctx, fmt.Sprintf("SELECT n + %d FROM things WHERE id = ?", i), "a").Scan(&n); err != nil || n != i+1 {
				return fmt.Errorf("query %d gave %d: %w", i, n, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
