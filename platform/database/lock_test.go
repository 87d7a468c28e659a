package database_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"app/platform/database"
	"app/platform/database/dbtest"
)

// What is counted under a lock stays within its limit, however many come at once.
func TestLock_CountedLimit(t *testing.T) {
	t.Parallel()
	migrations := fstest.MapFS{
		"0001_create_locks.up.sql": {Data: []byte(`CREATE TABLE test_locks (id VARCHAR(40) NOT NULL PRIMARY KEY, locks BIGINT NOT NULL)`)},
		"0002_create_rows.up.sql":  {Data: []byte(`CREATE TABLE test_rows (id INTEGER NOT NULL PRIMARY KEY, owner VARCHAR(40) NOT NULL)`)},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const most = 5
		enough := errors.New("enough")
		insert := func(owner string, id int64) error {
			return db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
				if err := tx.Lock(ctx, "test_locks", owner); err != nil {
					return err
				}
				var n int
				if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM test_rows WHERE owner = ?`, owner).Scan(&n); err != nil {
					return err
				}
				if n >= most {
					return enough
				}
				_, err := tx.Exec(ctx, `INSERT INTO test_rows (id, owner) VALUES (?, ?)`, id, owner)
				return err
			})
		}
		var took atomic.Int32
		var all sync.WaitGroup
		var ids atomic.Int64 // every row its own, whoever's insert succeeds
		for range 16 {
			all.Go(func() {
				for range 3 {
					switch err := insert("ada", ids.Add(1)); {
					case err == nil:
						took.Add(1)
					case !errors.Is(err, enough):
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if took.Load() != most {
			t.Errorf("%d rows, want %d", took.Load(), most)
		}
		if err := insert("bob", ids.Add(1)); err != nil {
			t.Errorf("somebody else: %v", err)
		}
	}, migrations)
}
