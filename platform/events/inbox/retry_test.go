package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/backlog"
	"app/platform/events/inbox"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

// Two replicas retry the same failed event: one effect, and the attempts are counted
// once.
func TestReplicasRetryOnce(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		var calm atomic.Bool
		check := open()
		for range 2 {
			o := eventstest.ListenerOptions("test", open(), eventstest.Failing("test.a", func(eventstest.Event) error {
				if calm.Load() {
					return nil
				}
				return eventstest.ErrDown
			}))
			o.Retries = inbox.Retries{Limit: 100}
			n := eventstest.Start(t, o)
			for i := range 20 {
				if err := n.Accept(context.Background(), "test", []events.Envelope{envelope(fmt.Sprintf("event-%d", i), "x")}); err != nil {
					t.Error(err)
				}
			}
		}
		<-time.After(10 * time.Second)
		calm.Store(true)
		eventstest.Await(t, time.Hour, "all done", func() bool { return eventstest.Count(t, check, `events_inbox WHERE state <> 1`) == "0" })
		if got := eventstest.Count(t, check, `test_effects`); got != "20" {
			t.Errorf("%s effects, want 20", got)
		}
	})
}

// Retries come at growing intervals and reach the effect when the cause is gone.
func TestRetriesBackOff(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db := eventstest.Open(t)
		var at []time.Time
		begun := time.Now()
		n := eventstest.Start(t, eventstest.ListenerOptions("test", db, eventstest.Failing("test.a", func(eventstest.Event) error {
			if at = append(at, time.Now()); len(at) < 11 {
				return eventstest.ErrDown
			}
			return nil
		})))
		if err := n.Accept(t.Context(), "test", []events.Envelope{envelope("one", "x")}); err != nil {
			t.Fatal(err)
		}
		eventstest.Await(t, time.Hour, "the effect", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == 1 })
		for i := 2; i < len(at); i++ {
			before, after := at[i-1].Sub(at[i-2]), at[i].Sub(at[i-1])
			if after < before/2 || after > 4*before+time.Second {
				t.Errorf("gaps of %v and then %v", before, after)
			}
		}
		if total := at[10].Sub(begun); total < 4*time.Minute || total > 9*time.Minute {
			t.Errorf("ten retries within %v", total)
		}
	})
}

func TestRetryAll(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db := eventstest.Open(t)
		calm := false
		fail := func(eventstest.Event) error {
			if calm {
				return nil
			}
			return eventstest.ErrDown
		}
		n := eventstest.Start(t, node.Options{
			Retries:   inbox.Retries{Limit: 1},
			Listeners: []node.Listener{eventstest.Listener("test", db, eventstest.Failing("test.a", fail), eventstest.Failing("test.b", fail))},
		})
		for i := range 5 {
			if err := n.Accept(t.Context(), "test", []events.Envelope{envelope(fmt.Sprint(i), "x")}); err != nil {
				t.Fatal(err)
			}
		}
		counts, err := backlog.Measure(t.Context(), db)
		if diff := cmp.Diff(backlog.Counts{Dead: 10}, counts); err != nil || diff != "" {
			t.Errorf("%v: -want +got\n%s", err, diff)
		}
		if dead, err := inbox.ListDead(t.Context(), db, 3); err != nil || len(dead) != 3 {
			t.Errorf("listed %d, %v", len(dead), err)
		}
		calm = true
		of, err := inbox.Retry(t.Context(), db, "test.a", "")
		if of != 5 || err != nil {
			t.Errorf("retried %d of one consumer, %v", of, err)
		}
		rest, err := inbox.Retry(t.Context(), db, "", "")
		if rest != 5 || err != nil {
			t.Errorf("retried %d of the rest, %v", rest, err)
		}
		eventstest.AwaitCount(t, "all done", db, `test_effects`, "10")
		if _, err := inbox.ShowDead(t.Context(), db, "test.a", "none"); !errors.Is(err, inbox.ErrNoEvent) {
			t.Errorf("got %v", err)
		}
	})
}

// The clock goes back an hour: what failed before is tried again at once and not when
// the clock has come up again.
func TestFault22_RetriesWhenTheClockGoesBack(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		var back atomic.Bool
		n := eventstest.Start(t, node.Options{
			Now: func() time.Time {
				if back.Load() {
					return time.Now().Add(-time.Hour)
				}
				return time.Now()
			},
			Listeners: []node.Listener{eventstest.Listener("test", db, eventstest.Failing("test.a", func(eventstest.Event) error {
				if !back.Swap(true) {
					return eventstest.ErrDown
				}
				return nil
			}))},
		})
		if err := n.Accept(t.Context(), "test", []events.Envelope{envelope("one", "x")}); err != nil {
			t.Fatal(err)
		}
		eventstest.Await(t, 10*time.Minute, "the effect", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == 1 })
	})
}
