package tries_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/users/internal/tries"
	"app/modules/users/migrations"
	"app/platform/database"
	"app/platform/database/dbtest"
)

var start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// However many processes count the first tries of an allowance at once: none gets away
// uncounted.
func TestTakeTry_FirstOnesTogether(t *testing.T) {
	t.Parallel()
	const allowances, callers, burst = 40, 8, 3
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for n := range allowances {
			a := tries.Allowance{ID: fmt.Sprint("allowance ", n), Burst: burst, Step: time.Minute}
			var allowed atomic.Int32
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					var wait time.Duration
					err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) (err error) {
						wait, err = tries.Take(ctx, tx, a, start)
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
	}, migrations.Files)
}

// The clock goes back an hour: tries that were counted for a time to come are none, and
// the next ones count.
func TestFault22_TriesWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		a := tries.Allowance{ID: "allowance", Burst: 3, Step: time.Minute}
		take := func(now time.Time) (wait time.Duration) {
			err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) (err error) {
				wait, err = tries.Take(ctx, tx, a, now)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return wait
		}
		for _, now := range []time.Time{start, start.Add(-time.Hour), start.Add(-25 * time.Hour)} {
			for try := range a.Burst {
				if wait := take(now); wait != 0 {
					t.Errorf("%s: try %d waits for %s", now, try, wait)
				}
			}
			if wait := take(now); wait != a.Step {
				t.Errorf("%s: one too many waits for %s", now, wait)
			}
			// A replica whose clock is a little behind finds no try that it has not.
			if wait := take(now.Add(-30 * time.Second)); wait != a.Step+30*time.Second {
				t.Errorf("%s: a replica behind waits for %s", now, wait)
			}
		}
	}, migrations.Files)
}
