package database_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

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

// Two counters are always written together. Whoever reads them one after the other,
// however many write meanwhile, finds them equal.
func TestFault14_ReadIsOneSnapshot(t *testing.T) {
	t.Parallel()
	migrations := fstest.MapFS{
		"0001_create_left.up.sql":  {Data: []byte(`CREATE TABLE counters_left (id INTEGER NOT NULL PRIMARY KEY, n BIGINT NOT NULL)`)},
		"0002_create_right.up.sql": {Data: []byte(`CREATE TABLE counters_right (id INTEGER NOT NULL PRIMARY KEY, n BIGINT NOT NULL)`)},
		"0003_fill_left.up.sql":    {Data: []byte(`INSERT INTO counters_left (id, n) VALUES (1, 0)`)},
		"0004_fill_right.up.sql":   {Data: []byte(`INSERT INTO counters_right (id, n) VALUES (1, 0)`)},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, stop := context.WithCancel(t.Context())
		var writers, readers sync.WaitGroup
		var written atomic.Int64
		for range 4 {
			writers.Go(func() {
				for ctx.Err() == nil {
					err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
						if _, err := tx.Exec(ctx, `UPDATE counters_left SET n = n + ? WHERE id = 1`, 1); err != nil {
							return err
						}
						_, err := tx.Exec(ctx, `UPDATE counters_right SET n = n + ? WHERE id = 1`, 1)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
					written.Add(1)
				}
			})
		}
		for range 12 {
			readers.Go(func() {
				for range 30 {
					var left, right int64
					err := db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
						if err := q.QueryRow(ctx, `SELECT n FROM counters_left WHERE id = ?`, 1).Scan(&left); err != nil {
							return err
						}
						for seen := written.Load(); written.Load() < seen+2; { // so that there is something to see
							runtime.Gosched()
						}
						return q.QueryRow(ctx, `SELECT n FROM counters_right WHERE id = ?`, 1).Scan(&right)
					})
					if err != nil || left != right {
						t.Errorf("read %d and %d, %v", left, right, err)
						return
					}
				}
			})
		}
		readers.Wait()
		stop()
		writers.Wait()
	}, migrations)
}

// A snapshot ends with its Read: the next one, on the same connection, sees what was
// written since.
func TestReadSeesWhatWasWrittenBeforeIt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for i := range 40 {
			write(t, db, strconv.Itoa(i))
			if got := thingsIn(t, db); len(got) != i+1 {
				t.Fatalf("%d things after %d writes", len(got), i+1)
			}
			failed := errors.New("failed")
			err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
				if err := q.QueryRow(ctx, `SELECT COUNT(*) FROM things`).Scan(new(int)); err != nil {
					return err
				}
				return failed
			})
			if !errors.Is(err, failed) {
				t.Fatal(err)
			}
		}
	}, things)
}

func TestReadOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		write(t, db, "a")
		count := func(ctx context.Context, q *database.Tx) error {
			return q.QueryRow(ctx, `SELECT COUNT(*) FROM things WHERE id <> ?`, "").Scan(new(int))
		}
		if err := db.ReadOne(t.Context(), count); err != nil {
			t.Error(err)
		}
		err := db.ReadOne(t.Context(), func(ctx context.Context, q *database.Tx) error {
			if err := count(ctx, q); err != nil {
				t.Error(err)
			}
			return count(ctx, q)
		})
		if err == nil || !strings.Contains(err.Error(), "a second statement within ReadOne") {
			t.Errorf("two statements: %v", err)
		}
		err = db.Read(t.Context(), func(ctx context.Context, _ *database.Tx) error {
			return errors.Join(db.ReadOne(ctx, count), db.ReadOne(ctx, count))
		})
		if err != nil {
			t.Errorf("within a Read: %v", err)
		}
		if err := db.ReadOne(t.Context(), func(ctx context.Context, q *database.Tx) error { return insert(ctx, q, "b") }); err == nil {
			t.Error("a ReadOne wrote")
		}
	}, things)
}
