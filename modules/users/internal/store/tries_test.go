package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/database/dbtest"
)

// However many processes count the first tries of an allowance at once: none gets away uncounted.
func TestTakeTry_FirstOnesTogether(t *testing.T) {
	t.Parallel()
	const allowances, callers, burst = 40, 8, 3
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for n := range allowances {
			a := store.Allowance{ID: fmt.Sprint("allowance ", n), Burst: burst, Step: time.Minute}
			var allowed atomic.Int32
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					var wait time.Duration
					err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) (err error) {
						wait, err = store.TakeTry(ctx, tx, a, start)
						return err
					})
					if err != nil {
						t.Error(err)
					}
					if wait < 0 {
						t.Errorf("wait %v", wait)
					}
					if err == nil && wait == 0 {
						allowed.Add(1)
					}
				})
			}
			all.Wait()
			if allowed.Load() != burst {
				t.Errorf("allowance %d: %d tries of %d", n, allowed.Load(), burst)
			}
		}
	}, store.Migrations())
}
