package events_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/events"
)

// quick makes the whole life of a failing event short.
var quick = events.Retries{Limit: 4, First: 10 * time.Millisecond, Longest: time.Second}

func envelope(id, payload string) events.Envelope {
	return events.Envelope{
		ID: id, Type: said, Schema: 1, Module: "test", Aggregate: "thing", AggregateID: id, OccurredAt: time.Now(),
		Payload: append([]byte{10, byte(len(payload))}, payload...), // StringValue.value
	}
}

// A consumer that fails for ever: its event is dead after the limit, everything else
// goes on, and what is dead can be listed, shown and tried again. (eShop acknowledges
// on exception)
func TestFailure20_AListenerThatFailsForEver(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		mended := false
		o := node(db, []string{"test"}, listener("test", db, recorder("test.good"), failing("test.bad", func(e heard) error {
			if !mended && e.Body.GetValue() == "b" {
				return errors.New("no way")
			}
			return nil
		})))
		o.Retries = quick
		start(t, o)
		for _, b := range []string{"a", "b", "c"} {
			emit(t, db, b, b)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"a", "b", "c"}, bodies(t, db, "test.good")); diff != "" {
			t.Errorf("the other consumer: -want +got\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a", "c"}, bodies(t, db, "test.bad")); diff != "" {
			t.Errorf("other aggregates: -want +got\n%s", diff)
		}
		dead := awaitDead(t, db)
		id := texts(t, db, `SELECT event_id FROM test_effects WHERE consumer = 'test.good' AND body = 'b'`)[0]
		want := events.Entry{Consumer: "test.bad", Envelope: dead.Envelope, State: events.Dead, Attempts: 4, NextAt: dead.NextAt, LastError: "no way"}
		if diff := cmp.Diff(want, dead); diff != "" || dead.ID != id {
			t.Errorf("dead event %s, want %s: -want +got\n%s", dead.ID, id, diff)
		}
		shown, err := events.ShowDead(t.Context(), db, "test.bad", id)
		if diff := cmp.Diff(dead, shown); err != nil || diff != "" {
			t.Errorf("%v: -want +got\n%s", err, diff)
		}
		if text, err := shown.JSON(); err != nil || string(text) != `"b"` {
			t.Errorf("shown as %s, %v", text, err)
		}
		mended = true
		if n, err := events.Retry(t.Context(), db, "test.bad", id); n != 1 || err != nil {
			t.Errorf("retried %d, %v", n, err)
		}
		await(t, settleTime, "the retried event", func() bool { return len(bodies(t, db, "test.bad")) == 3 })
		if _, err := events.Retry(t.Context(), db, "test.bad", id); !errors.Is(err, events.ErrNoEvent) {
			t.Errorf("a second retry: %v", err)
		}
	})
}

// awaitDead waits for the one event that dies.
func awaitDead(t *testing.T, db *database.DB) events.Entry {
	t.Helper()
	var dead []events.Entry
	await(t, time.Hour, "a dead event", func() bool {
		var err error
		if dead, err = events.ListDead(context.Background(), db, 0); err != nil {
			t.Fatal(err)
		}
		return len(dead) > 0
	})
	if len(dead) != 1 {
		t.Fatalf("%d dead events, want 1", len(dead))
	}
	return dead[0]
}

// The same event reaches two replicas at the same moment: one effect.
func TestFailure22_TheSameEventAtTwoReplicasAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		var replicas []*events.Node
		check := open()
		for range 2 {
			replicas = append(replicas, start(t, events.Options{Listeners: []events.Listener{listener("test", open(), recorder("test.a"))}}))
		}
		const rounds, copies = 20, 3
		for i := range rounds {
			env := envelope(fmt.Sprintf("event-%d", i), "x")
			var all sync.WaitGroup
			for range copies {
				for _, n := range replicas {
					all.Go(func() {
						if err := n.Accept(context.Background(), "test", []events.Envelope{env, env}); err != nil {
							t.Error(err)
						}
					})
				}
			}
			all.Wait()
		}
		if got := count(t, check, `test_effects`); got != fmt.Sprint(rounds) {
			t.Errorf("%s effects, want %d", got, rounds)
		}
		if got := count(t, check, `events_inbox WHERE state = 1`); got != fmt.Sprint(rounds) {
			t.Errorf("%s done, want %d", got, rounds)
		}
	})
}

// Two replicas retry the same failed event: one effect, and the attempts are counted
// once.
func TestReplicasRetryOnce(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		var calm atomic.Bool
		check := open()
		for range 2 {
			o := events.Options{Retries: events.Retries{Limit: 100}, Listeners: []events.Listener{listener("test", open(), failing("test.a", func(heard) error {
				if calm.Load() {
					return nil
				}
				return errDown
			}))}}
			n := start(t, o)
			for i := range 20 {
				if err := n.Accept(context.Background(), "test", []events.Envelope{envelope(fmt.Sprintf("event-%d", i), "x")}); err != nil {
					t.Error(err)
				}
			}
		}
		<-time.After(10 * time.Second)
		calm.Store(true)
		await(t, time.Hour, "all done", func() bool { return count(t, check, `events_inbox WHERE state <> 1`) == "0" })
		if got := count(t, check, `test_effects`); got != "20" {
			t.Errorf("%s effects, want 20", got)
		}
	})
}

func TestHandlerFailures(t *testing.T) {
	cases := map[string]struct {
		handle  func() error
		lastErr string
	}{
		"an error undoes the effects": {func() error { return errors.New("stock is short") }, "stock is short"},
		"a panic is an error":         {func() error { panic("nil map") }, "panic: nil map"},
		"a long error is cut":         {func() error { return errors.New(strings.Repeat("ü", 1000)) }, strings.Repeat("ü", 500) + "..."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				db := open(t)
				n := start(t, events.Options{
					Retries:   quick,
					Listeners: []events.Listener{listener("test", db, failing("test.a", func(heard) error { return c.handle() }))},
				})
				if err := n.Accept(t.Context(), "test", []events.Envelope{envelope("one", "x")}); err != nil {
					t.Fatalf("a failed event is accepted: it is kept; got %v", err)
				}
				if dead := awaitDead(t, db); dead.LastError != c.lastErr || dead.Attempts != quick.Limit {
					t.Errorf("%d attempts, last error %q", dead.Attempts, dead.LastError)
				}
				if got := bodies(t, db, "test.a"); len(got) != 0 {
					t.Errorf("effects %v of attempts that failed", got)
				}
			})
		})
	}
}

// Retries come at growing intervals and reach the effect when the cause is gone.
func TestRetriesBackOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db := open(t)
		var at []time.Time
		begun := time.Now()
		n := start(t, events.Options{Listeners: []events.Listener{listener("test", db, failing("test.a", func(heard) error {
			if at = append(at, time.Now()); len(at) < 11 {
				return errDown
			}
			return nil
		}))}})
		if err := n.Accept(t.Context(), "test", []events.Envelope{envelope("one", "x")}); err != nil {
			t.Fatal(err)
		}
		await(t, time.Hour, "the effect", func() bool { return len(bodies(t, db, "test.a")) == 1 })
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

func TestPoisonIsDeadAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db := open(t)
		n := start(t, events.Options{Listeners: []events.Listener{listener("test", db, recorder("test.a"))}})
		poison := envelope("poison", "x")
		poison.Payload = []byte{0xff}
		if err := n.Accept(t.Context(), "test", []events.Envelope{poison, envelope("sound", "y")}); err != nil {
			t.Fatal(err)
		}
		dead, err := events.ListDead(t.Context(), db, 0)
		if err != nil || len(dead) != 1 || dead[0].ID != "poison" || dead[0].Attempts != 1 || !strings.Contains(dead[0].LastError, "cannot be read") {
			t.Errorf("dead: %+v, %v", dead, err)
		}
		if diff := cmp.Diff([]string{"y"}, bodies(t, db, "test.a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// An event that nothing here subscribes to, because the other side is newer, is kept
// until something does.
func TestUnclaimedEventsWait(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		old := begin(t, events.Options{Listeners: []events.Listener{listener("test", db)}})
		if err := old.Accept(t.Context(), "test", []events.Envelope{envelope("early", "x")}); err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Second)
		stop(t, old)
		start(t, events.Options{Listeners: []events.Listener{listener("test", db, recorder("test.a"), recorder("test.b"))}})
		await(t, settleTime, "both effects", func() bool {
			return len(bodies(t, db, "test.a")) == 1 && len(bodies(t, db, "test.b")) == 1
		})
		if got := count(t, db, `events_inbox WHERE state <> 1`); got != "0" {
			t.Errorf("%s rows not done", got)
		}
	})
}

// Only what the database took over is accepted: while it is away the sender keeps the
// events.
func TestAcceptFailsWithTheDatabase(t *testing.T) {
	t.Parallel()
	db := open(t)
	n := start(t, events.Options{Listeners: []events.Listener{listener("test", db, recorder("test.a"))}})
	if err := n.Accept(t.Context(), "other", []events.Envelope{envelope("one", "x")}); err == nil {
		t.Error("accepted for a module that does not listen here")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Accept(ended, "test", []events.Envelope{envelope("one", "x")}); !errors.Is(err, context.Canceled) {
		t.Errorf("sender gone: %v", err)
	}
	if got := count(t, db, `events_inbox`); got != "0" {
		t.Errorf("%s rows in the inbox, want none", got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := n.Accept(t.Context(), "test", []events.Envelope{envelope("one", "x")}); !errors.Is(err, database.ErrClosed) {
		t.Errorf("database gone: %v", err)
	}
}

func TestRetryAll(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db := open(t)
		calm := false
		fail := func(heard) error {
			if calm {
				return nil
			}
			return errDown
		}
		n := start(t, events.Options{
			Retries:   events.Retries{Limit: 1},
			Listeners: []events.Listener{listener("test", db, failing("test.a", fail), failing("test.b", fail))},
		})
		for i := range 5 {
			if err := n.Accept(t.Context(), "test", []events.Envelope{envelope(fmt.Sprint(i), "x")}); err != nil {
				t.Fatal(err)
			}
		}
		backlog, err := events.Measure(t.Context(), db)
		if diff := cmp.Diff(events.Backlog{Dead: 10}, backlog); err != nil || diff != "" {
			t.Errorf("%v: -want +got\n%s", err, diff)
		}
		if dead, err := events.ListDead(t.Context(), db, 3); err != nil || len(dead) != 3 {
			t.Errorf("listed %d, %v", len(dead), err)
		}
		calm = true
		of, err := events.Retry(t.Context(), db, "test.a", "")
		if of != 5 || err != nil {
			t.Errorf("retried %d of one consumer, %v", of, err)
		}
		rest, err := events.Retry(t.Context(), db, "", "")
		if rest != 5 || err != nil {
			t.Errorf("retried %d of the rest, %v", rest, err)
		}
		await(t, settleTime, "all done", func() bool { return count(t, db, `test_effects`) == "10" })
		if _, err := events.ShowDead(t.Context(), db, "test.a", "none"); !errors.Is(err, events.ErrNoEvent) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSensitiveIsNotShown(t *testing.T) {
	t.Parallel()
	secret := envelope("one", "123456")
	secret.Sensitive = true
	text, err := secret.JSON()
	if err != nil || strings.Contains(string(text), "123456") {
		t.Errorf("shown as %s, %v", text, err)
	}
}

// The clock goes back an hour: what failed before is tried again at once and not when
// the clock has come up again.
func TestFault22_RetriesWhenTheClockGoesBack(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		var back atomic.Bool
		n := start(t, events.Options{
			Now: func() time.Time {
				if back.Load() {
					return time.Now().Add(-time.Hour)
				}
				return time.Now()
			},
			Listeners: []events.Listener{listener("test", db, failing("test.a", func(heard) error {
				if !back.Swap(true) {
					return errDown
				}
				return nil
			}))},
		})
		if err := n.Accept(t.Context(), "test", []events.Envelope{envelope("one", "x")}); err != nil {
			t.Fatal(err)
		}
		await(t, 10*time.Minute, "the effect", func() bool { return len(bodies(t, db, "test.a")) == 1 })
	})
}
