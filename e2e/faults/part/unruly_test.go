package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"app/platform/events"
)

func batch(n int) (out []events.Envelope) {
	for i := range n {
		out = append(out, events.Envelope{ID: fmt.Sprint(i)})
	}
	return out
}

// Whatever is drawn, every event of an accepted batch was delivered before, and some
// came in another order, again and late.
func TestUnrulyLosesNothing(t *testing.T) {
	t.Parallel()
	var reordered, repeated, late bool
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			var order []string
			var repetitions int
			accept := newUnruly(seed).around(func(_ context.Context, _ string, events []events.Envelope) error {
				for _, e := range events {
					order = append(order, e.ID)
				}
				return nil
			})
			begun := time.Now()
			if err := accept(t.Context(), "orders", batch(5)); err != nil {
				t.Fatal(err)
			}
			late = late || time.Since(begun) > 0
			seen := map[string]bool{}
			for i, id := range order {
				reordered = reordered || i > 0 && id < order[i-1]
				repeated = repeated || seen[id]
				seen[id] = true
			}
			if len(seen) != 5 {
				t.Errorf("seed %d: delivered %v", seed, order)
			}
			time.Sleep(longestRepeat) //nolint:forbidigo // in a bubble, where time is made up
			synctest.Wait()
			repetitions = len(order)
			repeated = repeated || repetitions > 5
		})
	}
	if !reordered || !repeated || !late {
		t.Errorf("reordered: %t, repeated: %t, late: %t", reordered, repeated, late)
	}
}

// What the inbox does not take is not accepted.
func TestUnrulyPassesErrorsOn(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	for seed := range uint64(50) {
		calls := 0
		accept := newUnruly(seed).around(func(context.Context, string, []events.Envelope) error { calls++; return away })
		ctx, cancel := context.WithCancel(t.Context())
		if err := accept(ctx, "orders", batch(3)); !errors.Is(err, away) || calls != 1 {
			t.Errorf("seed %d: %v after %d calls", seed, err, calls)
		}
		cancel()
	}
}
