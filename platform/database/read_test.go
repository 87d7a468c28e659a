package database_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"app/platform/database"
	"app/platform/database/dbtest"
)

func TestReadRefusesChanges(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error { return insert(ctx, q, "a") })
		if err == nil {
			t.Error("a Read wrote")
		}
		if got := thingsIn(t, db); len(got) != 0 {
			t.Errorf("things = %v", got)
		}
	}, things)
}

func TestReadStopsWithItsContext(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		write(t, db, "a", "b")
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
			rows, err := q.Query(ctx, "SELECT id FROM things WHERE n > ?", 0)
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			cancel()
			if db.Engine() == database.MySQL { // there another goroutine watches the context
				await(t, func() bool { return rows.Err() != nil })
			}
			if rows.Next() {
				t.Error("another row came")
			}
			if err := q.QueryRow(ctx, "SELECT 1").Scan(new(int)); !errors.Is(err, context.Canceled) {
				t.Errorf("the next query: %v, want context.Canceled", err)
			}
			return rows.Err()
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("rows: %v, want context.Canceled", err)
		}
	}, things)
}

// TestNestedReads would wait for itself for ever if each Read took a connection.
func TestNestedReads(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				err := db.Read(t.Context(), func(ctx context.Context, _ *database.Tx) error {
					return db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
						return q.QueryRow(ctx, "SELECT 1").Scan(new(int))
					})
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestReaderSurvivesAPanic(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for range 20 {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was lost")
					}
				}()
				_ = db.Read(t.Context(), func(context.Context, *database.Tx) error { panic("defect") })
			}()
		}
		if got := thingsIn(t, db); len(got) != 0 {
			t.Errorf("things = %v", got)
		}
	}, things)
}

func TestClosed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		if err := errors.Join(db.Ping(t.Context()), db.Close(), db.Close()); err != nil {
			t.Fatal(err)
		}
		nothing := func(context.Context, *database.Tx) error { return nil }
		for name, err := range map[string]error{
			"Write": db.Write(t.Context(), nothing),
			"Read": db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
				return q.QueryRow(ctx, "SELECT 1").Scan(new(int))
			}),
			"Ping": db.Ping(t.Context()),
		} {
			if !errors.Is(err, database.ErrClosed) {
				t.Errorf("%s after Close: %v, want ErrClosed", name, err)
			}
		}
	})
}
