package database_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/platform/callctx"
	"app/platform/database"
	"app/platform/database/dbtest"
)

func TestWriteCommits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		write(t, db, "a", "b")
		if diff := cmp.Diff([]string{"a", "b"}, thingsIn(t, db)); diff != "" {
			t.Errorf("things (-want +got):\n%s", diff)
		}
	}, things)
}

func TestWriteRollsBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ran := false
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			tx.AfterCommit(func() { ran = true })
			if err := insert(ctx, tx, "a"); err != nil {
				t.Error(err)
			}
			return errRefused
		})
		if err != errRefused { //nolint:errorlint // as it is, not wrapped
			t.Errorf("error = %v, want the one of the function, as it is", err)
		}
		if ran {
			t.Error("AfterCommit ran after a rollback")
		}
		if got := thingsIn(t, db); len(got) != 0 {
			t.Errorf("things = %v after a rollback", got)
		}
	}, things)
}

// TestCallersDoNotHarmEachOther covers what one caller of a batch can do wrong.
func TestCallersDoNotHarmEachOther(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		works := make([]database.Work, 0, 2*len(misdeeds))
		for i, misdeed := range misdeeds {
			works = append(works, misdeed.work, func(ctx context.Context, tx *database.Tx) error {
				return insert(ctx, tx, "good"+strconv.Itoa(i))
			})
		}
		errs := together(t, db, works...)
		want := []string{}
		for i, misdeed := range misdeeds {
			if !misdeed.ok(errs[2*i]) {
				t.Errorf("%s: %v", misdeed.name, errs[2*i])
			}
			if errs[2*i+1] != nil {
				t.Errorf("the caller after %s: %v", misdeed.name, errs[2*i+1])
			}
			want = append(want, "good"+strconv.Itoa(i))
		}
		if diff := cmp.Diff(want, thingsIn(t, db)); diff != "" {
			t.Errorf("things (-want +got):\n%s", diff)
		}
		write(t, db, "later")
	}, things)
}

// misdeeds leave no trace, though each has changed something before it fails.
var misdeeds = []struct {
	name string
	work database.Work
	ok   func(error) bool
}{
	{"its own error", func(ctx context.Context, tx *database.Tx) error {
		_ = insert(ctx, tx, "bad")
		return errRefused
	}, func(err error) bool { return errors.Is(err, errRefused) }},
	{"a panic", func(ctx context.Context, tx *database.Tx) error {
		_ = insert(ctx, tx, "bad")
		panic("defect")
	}, func(err error) bool { return errors.Is(err, panicked{"defect"}) }},
	{"an end of its goroutine", func(ctx context.Context, tx *database.Tx) error {
		_ = insert(ctx, tx, "bad")
		runtime.Goexit()
		return nil
	}, func(err error) bool { return errors.Is(err, errGoexit) }},
	{"a duplicate", func(ctx context.Context, tx *database.Tx) error {
		_ = insert(ctx, tx, "bad")
		return insert(ctx, tx, "bad")
	}, database.IsDuplicate},
	{"a broken CHECK", func(ctx context.Context, tx *database.Tx) error {
		_ = insert(ctx, tx, "bad")
		_, err := tx.Exec(ctx, insertThing, "bad2", "bad2", -1)
		return err
	}, database.IsCheck},
}

func TestFailedStatementDoesNotEndTheTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			err := errors.Join(insert(ctx, tx, "a"), insert(ctx, tx, "b"))
			if again := insert(ctx, tx, "a"); !database.IsDuplicate(again) {
				t.Errorf("second a: %v, want a duplicate", again)
			}
			return errors.Join(err, insert(ctx, tx, "c"))
		})
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"a", "b", "c"}, thingsIn(t, db)); diff != "" {
			t.Errorf("things (-want +got):\n%s", diff)
		}
	}, things)
}

func TestWriteCancelled(t *testing.T) {
	t.Parallel()
	t.Run("not run when cancelled in the queue", func(t *testing.T) {
		t.Parallel()
		db := dbtest.Open(t, things)
		release := block(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- db.Write(ctx, func(context.Context, *database.Tx) error {
				t.Error("it ran")
				return nil
			})
		}()
		await(t, func() bool { return db.Stats().Waiting == 1 })
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want context.Canceled", err)
		}
		if err := release(); err != nil {
			t.Error(err)
		}
		write(t, db, "a")
	})
	t.Run("not run when cancelled before", func(t *testing.T) {
		t.Parallel()
		dbtest.Each(t, func(t *testing.T, db *database.DB) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			err := db.Write(ctx, func(context.Context, *database.Tx) error { t.Error("it ran"); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v, want context.Canceled", err)
			}
		})
	})
	t.Run("completed when cancelled while it runs", func(t *testing.T) {
		t.Parallel()
		dbtest.Each(t, func(t *testing.T, db *database.DB) {
			ctx, cancel := context.WithCancel(t.Context())
			err := db.Write(ctx, func(inner context.Context, tx *database.Tx) error {
				cancel()
				if err := inner.Err(); err != nil {
					t.Errorf("inner context: %v", err)
				}
				return errors.Join(insert(inner, tx, "a"), insert(ctx, tx, "b"))
			})
			if err != nil {
				t.Errorf("error = %v, want the work done", err)
			}
			if diff := cmp.Diff([]string{"a", "b"}, thingsIn(t, db)); diff != "" {
				t.Errorf("things (-want +got):\n%s", diff)
			}
		}, things)
	})
}

func TestNestedWriteIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			if got := callctx.Transaction(ctx); got != "test" {
				t.Errorf("transaction mark = %q, want the module", got)
			}
			if _, err := tx.Bun().BeginTx(ctx, nil); !errors.Is(err, database.ErrNested) {
				t.Errorf("bun's BeginTx: %v, want ErrNested", err)
			}
			return db.Write(ctx, func(context.Context, *database.Tx) error { t.Error("it ran"); return nil })
		})
		if !errors.Is(err, database.ErrNested) {
			t.Errorf("error = %v, want ErrNested", err)
		}
	})
}

func TestReadWithinWriteSeesTheLastCommit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		write(t, db, "a")
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			if err := insert(ctx, tx, "b"); err != nil {
				return err
			}
			if diff := cmp.Diff([]string{"a"}, thingsIn(t, db)); diff != "" {
				t.Errorf("things inside (-want +got):\n%s", diff)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a", "b"}, thingsIn(t, db)); diff != "" {
			t.Errorf("things after (-want +got):\n%s", diff)
		}
	}, things)
}

func TestAfterCommitRunsOnceAndSeesTheCommit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var seen [][]string
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			tx.AfterCommit(func() { seen = append(seen, thingsIn(t, db)) })
			return insert(ctx, tx, "a")
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]string{{"a"}}, seen); diff != "" {
			t.Errorf("seen after the commit (-want +got):\n%s", diff)
		}
	}, things)
}

func TestOpenRows(t *testing.T) {
	t.Parallel()
	const list = "SELECT id FROM things WHERE n >= ? ORDER BY id"
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		write(t, db, "a", "b", "c")
		t.Run("a second statement of a Write is refused", func(t *testing.T) {
			err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
				rows, err := tx.Query(ctx, list, 0)
				if err != nil {
					return err
				}
				defer func() { _ = rows.Close() }()
				if !rows.Next() {
					t.Error("no rows", rows.Err())
				}
				return insert(ctx, tx, "z")
			})
			if err == nil {
				t.Error("the statement ran")
			}
		})
		t.Run("rows left open are closed", func(t *testing.T) {
			var rows *sql.Rows
			err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) (err error) {
				rows, err = tx.Query(ctx, list, 0) //nolint:rowserrcheck,sqlclosecheck // they are left open on purpose
				rows.Next()
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if rows.Next() {
				t.Error("they are open")
			}
			write(t, db, "d")
		})
		t.Run("a second query of a Read is refused", func(t *testing.T) {
			err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
				rows, err := q.Query(ctx, list, 0)
				if err != nil {
					return err
				}
				defer func() { _ = rows.Close() }()
				if !rows.Next() {
					t.Error("no rows", rows.Err())
				}
				return q.QueryRow(ctx, list, 0).Scan(new(string))
			})
			if err == nil {
				t.Error("the query ran")
			}
		})
	}, things)
}

func TestTxIsVoidAfterItsEnd(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var leaked *database.Tx
		err := db.Write(t.Context(), func(_ context.Context, tx *database.Tx) error { leaked = tx; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := insert(t.Context(), leaked, "a"); err == nil {
			t.Error("a statement ran after the end")
		}
		if _, err := leaked.Bun().NewDelete().Table("things").Where("1 = 1").Exec(t.Context()); err == nil {
			t.Error("bun ran after the end")
		}
	}, things)
}

func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		write(t, db, "a", "A")
		err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
			if err := insert(ctx, tx, "a"); !database.IsDuplicate(err) || database.IsCheck(err) {
				t.Errorf("second a: %v, want a duplicate", err)
			}
			if _, err := tx.Exec(ctx, insertThing, "b", "name of a", 1); !database.IsDuplicate(err) {
				t.Errorf("second name: %v, want a duplicate", err)
			}
			result, err := tx.Exec(ctx, "UPDATE things SET n = ? WHERE id = ?", 1, "a")
			if err != nil {
				return err
			}
			if n, _ := result.RowsAffected(); n != 1 {
				t.Errorf("an UPDATE that matches one row and changes nothing affected %d", n)
			}
			var joined string
			if err := tx.QueryRow(ctx, "SELECT id || ? FROM things WHERE id = ?", "!", "A").Scan(&joined); err != nil {
				return err
			}
			if joined != "A!" {
				t.Errorf("|| gave %q", joined)
			}
			if err := tx.QueryRow(ctx, "SELECT id FROM things WHERE id = ?", "none").Scan(&joined); !errors.Is(err, sql.ErrNoRows) {
				t.Errorf("no row: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}, things)
}

func TestConcurrentWritesAreAllThere(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		write(t, db, "counter")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
					_, err := tx.Exec(ctx, "UPDATE things SET n = n + 1 WHERE id = ?", "counter")
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var n int
		err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
			return q.Bun().NewSelect().Table("things").Column("n").Where("id = ?", "counter").Scan(ctx, &n)
		})
		if err != nil || n != 21 {
			t.Errorf("n = %d, %v, want 21", n, err)
		}
	}, things)
}
