package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/inbox"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

// quick makes the whole life of a failing event short.
var quick = inbox.Retries{Limit: 4, First: 10 * time.Millisecond, Longest: time.Second}

func envelope(id, payload string) events.Envelope {
	return events.Envelope{
		ID: id, Type: eventstest.Type, Schema: 1, Module: "test", Aggregate: "thing", AggregateID: id, OccurredAt: time.Now(),
		Payload: append([]byte{10, byte(len(payload))}, payload...), // StringValue.value
	}
}

// A consumer that fails for ever: its event is dead after the limit, everything else
// goes on, and what is dead can be listed, shown and tried again. (eShop acknowledges
// on exception)
func TestFailure20_AListenerThatFailsForEver(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		mended := false
		o := eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db,
			eventstest.Recorder("test.good"), eventstest.Failing("test.bad", func(e eventstest.Event) error {
				if !mended && e.Body.GetValue() == "b" {
					return errors.New("no way")
				}
				return nil
			})))
		o.Retries = quick
		eventstest.Start(t, o)
		for _, b := range []string{"a", "b", "c"} {
			eventstest.Emit(t, db, b, b)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"a", "b", "c"}, eventstest.Bodies(t, db, "test.good")); diff != "" {
			t.Errorf("the other consumer: -want +got\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a", "c"}, eventstest.Bodies(t, db, "test.bad")); diff != "" {
			t.Errorf("other aggregates: -want +got\n%s", diff)
		}
		dead := awaitDead(t, db)
		id := eventstest.Texts(t, db, `SELECT event_id FROM test_effects WHERE consumer = 'test.good' AND body = 'b'`)[0]
		want := inbox.Entry{Consumer: "test.bad", Envelope: dead.Envelope, State: inbox.Dead, Attempts: 4, NextAt: dead.NextAt, LastError: "no way"}
		if diff := cmp.Diff(want, dead); diff != "" || dead.ID != id {
			t.Errorf("dead event %s, want %s: -want +got\n%s", dead.ID, id, diff)
		}
		shown, err := inbox.ShowDead(t.Context(), db, "test.bad", id)
		if diff := cmp.Diff(dead, shown); err != nil || diff != "" {
			t.Errorf("%v: -want +got\n%s", err, diff)
		}
		if text, err := shown.JSON(); err != nil || string(text) != `"b"` {
			t.Errorf("shown as %s, %v", text, err)
		}
		mended = true
		if n, err := inbox.Retry(t.Context(), db, "test.bad", id); n != 1 || err != nil {
			t.Errorf("retried %d, %v", n, err)
		}
		eventstest.Await(t, eventstest.SettleTime, "the retried event", func() bool { return len(eventstest.Bodies(t, db, "test.bad")) == 3 })
		if _, err := inbox.Retry(t.Context(), db, "test.bad", id); !errors.Is(err, inbox.ErrNoEvent) {
			t.Errorf("a second retry: %v", err)
		}
	})
}

// awaitDead waits for the one event that dies.
func awaitDead(t *testing.T, db *database.DB) inbox.Entry {
	t.Helper()
	var dead []inbox.Entry
	eventstest.Await(t, time.Hour, "a dead event", func() bool {
		var err error
		if dead, err = inbox.ListDead(context.Background(), db, 0); err != nil {
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
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		var replicas []*node.Node
		check := open()
		for range 2 {
			replicas = append(replicas, eventstest.Start(t, eventstest.ListenerOptions("test", open(), eventstest.Recorder("test.a"))))
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
		if got := eventstest.Count(t, check, `test_effects`); got != fmt.Sprint(rounds) {
			t.Errorf("%s effects, want %d", got, rounds)
		}
		if got := eventstest.Count(t, check, `events_inbox WHERE state = 1`); got != fmt.Sprint(rounds) {
			t.Errorf("%s done, want %d", got, rounds)
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
			eventstest.InBubble(t, func(t *testing.T) {
				db := eventstest.Open(t)
				n := eventstest.Start(t, node.Options{
					Retries: quick,
					Listeners: []node.Listener{eventstest.Listener("test", db,
						eventstest.Failing("test.a", func(eventstest.Event) error { return c.handle() }))},
				})
				if err := n.Accept(t.Context(), "test", []events.Envelope{envelope("one", "x")}); err != nil {
					t.Fatalf("a failed event is accepted: it is kept; got %v", err)
				}
				if dead := awaitDead(t, db); dead.LastError != c.lastErr || dead.Attempts != quick.Limit {
					t.Errorf("%d attempts, last error %q", dead.Attempts, dead.LastError)
				}
				if got := eventstest.Bodies(t, db, "test.a"); len(got) != 0 {
					t.Errorf("effects %v of attempts that failed", got)
				}
			})
		})
	}
}

func TestPoisonIsDeadAtOnce(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db := eventstest.Open(t)
		n := eventstest.Start(t, eventstest.ListenerOptions("test", db, eventstest.Recorder("test.a")))
		poison := envelope("poison", "x")
		poison.Payload = []byte{0xff}
		if err := n.Accept(t.Context(), "test", []events.Envelope{poison, envelope("sound", "y")}); err != nil {
			t.Fatal(err)
		}
		dead, err := inbox.ListDead(t.Context(), db, 0)
		if err != nil || len(dead) != 1 || dead[0].ID != "poison" || dead[0].Attempts != 1 || !strings.Contains(dead[0].LastError, "cannot be read") {
			t.Errorf("dead: %+v, %v", dead, err)
		}
		if diff := cmp.Diff([]string{"y"}, eventstest.Bodies(t, db, "test.a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// An event that nothing here subscribes to, because the other side is newer, is kept
// until something does.
func TestUnclaimedEventsWait(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		old := eventstest.Begin(t, eventstest.ListenerOptions("test", db))
		if err := old.Accept(t.Context(), "test", []events.Envelope{envelope("early", "x")}); err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Second)
		eventstest.Stop(t, old)
		eventstest.Start(t, eventstest.ListenerOptions("test", db, eventstest.Recorder("test.a"), eventstest.Recorder("test.b")))
		eventstest.Await(t, eventstest.SettleTime, "both effects", func() bool {
			return len(eventstest.Bodies(t, db, "test.a")) == 1 && len(eventstest.Bodies(t, db, "test.b")) == 1
		})
		if got := eventstest.Count(t, db, `events_inbox WHERE state <> 1`); got != "0" {
			t.Errorf("%s rows not done", got)
		}
	})
}

// Only what the database took over is accepted: while it is away the sender keeps the
// events.
func TestAcceptFailsWithTheDatabase(t *testing.T) {
	t.Parallel()
	db := eventstest.Open(t)
	n := eventstest.Start(t, eventstest.ListenerOptions("test", db, eventstest.Recorder("test.a")))
	if err := n.Accept(t.Context(), "other", []events.Envelope{envelope("one", "x")}); err == nil {
		t.Error("accepted for a module that does not listen here")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Accept(ended, "test", []events.Envelope{envelope("one", "x")}); !errors.Is(err, context.Canceled) {
		t.Errorf("sender gone: %v", err)
	}
	if got := eventstest.Count(t, db, `events_inbox`); got != "0" {
		t.Errorf("%s rows in the inbox, want none", got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := n.Accept(t.Context(), "test", []events.Envelope{envelope("one", "x")}); !errors.Is(err, database.ErrClosed) {
		t.Errorf("database gone: %v", err)
	}
}

// Every event delivered twice, as in the rpc shape of the end-to-end tests: counted,
// and without effect.
func TestDuplicatesAreCounted(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db, registry := eventstest.Open(t), prometheus.NewRegistry()
		o := eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a")))
		o.Duplicate, o.Metrics = func(events.Envelope) bool { return true }, registry
		eventstest.Start(t, o)
		eventstest.EmitAll(t, db, eventstest.Numbered(5))
		eventstest.Await(t, time.Second, "sent", func() bool { return eventstest.Count(t, db, `events_outbox WHERE state = 1`) == "5" })
		if diff := cmp.Diff(eventstest.Numbered(5), eventstest.Bodies(t, db, "test.a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "souk_events_duplicates_total" && f.GetMetric()[0].GetCounter().GetValue() != 5 {
				t.Errorf("counted %v", f.GetMetric())
			}
		}
	})
}
