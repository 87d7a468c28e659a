package database_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/database/dbtest"
)

type (
	label  string
	small  int8
	amount uint16
)

// One row arrives in the same way on both engines, whatever it is wanted in.
func TestScan(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO things (id, name, n) VALUES (?, ?, ?), (?, ?, ?)`, label("a"), "Ada", small(5), "b", "Bob", 300)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		read := func(dest ...any) error {
			return db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
				return q.QueryRow(ctx, `SELECT id, name, n FROM things WHERE id = ?`, "a").Scan(dest...)
			})
		}
		t.Run("OK", func(t *testing.T) {
			var (
				id      label
				name    *string
				n       small
				bytes   []byte
				text    string
				null    sql.NullInt64
				plain   int
				boolean bool
				unsig   amount
				float   float64
			)
			err := errors.Join(read(&id, &name, &n), read(&text, &bytes, &null), read(&text, &text, &plain), read(&text, &name, &unsig), read(&text, &name, &float))
			if err != nil || name == nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]any{label("a"), "Ada", small(5), []byte("Ada"), sql.NullInt64{Int64: 5, Valid: true}, "a", 5, amount(5), 5.0},
				[]any{id, *name, n, bytes, null, text, plain, unsig, float}); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if err := read(&id, &text, &text); err != nil || text != "5" {
				t.Errorf("a number as text: %q, %v", text, err)
			}
			if err := read(&id, &text, &boolean); err == nil {
				t.Error("5 is neither true nor false")
			}
		})
		t.Run("Null", func(t *testing.T) { scanNull(t, db) })
		t.Run("ErrDestination", func(t *testing.T) {
			var text string
			var n int64
			for name, err := range map[string]error{
				"TooFew": read(&text, &text), "Text": read(&text, &n, &n), "NoPointer": read(&text, &text, n), "NoKind": read(&text, &text, &struct{}{}),
			} {
				if err == nil {
					t.Errorf("%s: no error", name)
				}
			}
		})
		t.Run("ErrOutOfRange", func(t *testing.T) {
			var n small
			err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
				return q.QueryRow(ctx, `SELECT n FROM things WHERE id = ?`, "b").Scan(&n)
			})
			if err == nil {
				t.Errorf("300 became %d", n)
			}
		})
	}, things)
}

func scanNull(t *testing.T, db *database.DB) {
	t.Helper()
	read := func(dest any) error {
		return db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
			return q.QueryRow(ctx, `SELECT MAX(n) FROM things WHERE id = ?`, "nobody").Scan(dest)
		})
	}
	filled := 7
	pointer, bytes, null := &filled, []byte("x"), sql.NullInt64{Int64: 7, Valid: true}
	if err := errors.Join(read(&pointer), read(&bytes), read(&null)); err != nil || pointer != nil || bytes != nil || null.Valid {
		t.Errorf("NULL: %v, %q, %v, %v", pointer, bytes, null, err)
	}
	for _, dest := range []any{new(int64), new(string), new(small)} {
		if read(dest) == nil {
			t.Errorf("NULL became a %T", dest)
		}
	}
}

// A row that is not scanned is in the way of the next statement of a Write, on both engines.
func TestScan_Forgotten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var later error
		_ = db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			row := tx.QueryRow(ctx, `SELECT COUNT(*) FROM things WHERE n > ?`, 0)
			later = insert(ctx, tx, "x")
			return row.Scan(new(int))
		})
		if later == nil {
			t.Error("a statement ran while a row was not scanned")
		}
	}, things)
}
