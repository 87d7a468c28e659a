package relay_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

// One destination that is away delays nobody else, gets everything in order when it is
// back, and is used again within two seconds of that.
func TestDestinationDown(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db, away := open(), &eventstest.Destination{Down: true}
		o := eventstest.NodeOptions(db, []string{"test", "away"}, eventstest.Listener("test", db, eventstest.Recorder("test.a")))
		o.Senders = map[string]node.Sender{"away": away}
		eventstest.Start(t, o)
		want := eventstest.Numbered(60)
		for _, b := range want {
			eventstest.Emit(t, db, "a", b)
			synctest.Wait()
			if got := eventstest.Texts(t, db, `SELECT MAX(body) FROM test_effects`); got[0] != b {
				t.Fatalf("%s was delayed by the one that is away", b)
			}
		}
		<-time.After(2 * time.Minute)
		if sends := away.Attempts(); sends > 300 {
			t.Errorf("%d attempts in two minutes", sends)
		}
		away.SetDown(false)
		took := eventstest.Await(t, eventstest.SettleTime, "the first batch", func() bool { return len(away.Bodies()) > 0 })
		if took > 2*time.Second {
			t.Errorf("used again after %v", took)
		}
		eventstest.AwaitCount(t, "all marked", db, `events_outbox WHERE state <> 1`, "0")
		if diff := cmp.Diff(want, away.Bodies()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if got := eventstest.Count(t, db, `events_owed`); got != "0" {
			t.Errorf("%s deferrals left", got)
		}
		eventstest.Emit(t, db, "a", "after")
		synctest.Wait() // at once again, not by way of the table
		if got := away.Bodies(); got[len(got)-1] != "after" {
			t.Errorf("last got %s", got[len(got)-1])
		}
	})
}

// A destination that has got what was deferred says nothing about another that still
// has the event in hand.
func TestPaidDebtsDoNotSettleARowInHand(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db, away, slow := open(), &eventstest.Destination{Down: true}, &eventstest.Destination{Hold: make(chan struct{})}
		o := eventstest.NodeOptions(db, []string{"away", "slow"})
		o.Senders = map[string]node.Sender{"away": away, "slow": slow}
		n := eventstest.Begin(t, o)
		eventstest.Emit(t, db, "a", "x")
		eventstest.AwaitCount(t, "deferral", db, `events_owed`, "1")
		away.SetDown(false)
		eventstest.AwaitCount(t, "payment", db, `events_owed`, "0")
		eventstest.Kill(n)
		close(slow.Hold)
		eventstest.Start(t, o)
		eventstest.Await(t, eventstest.SettleTime, "the slow one", func() bool { return len(slow.Bodies()) == 1 })
		eventstest.AwaitCount(t, "sent", db, `events_outbox WHERE state = 1`, "1")
	})
}

// A destination is away for a moment in which nobody can write down what is deferred
// for it.
func TestDebtsOnTheirWayAreAwaited(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db, away := eventstest.Open(t), &eventstest.Destination{Down: true}
		o := eventstest.NodeOptions(db, []string{"away"})
		o.Senders = map[string]node.Sender{"away": away}
		eventstest.Start(t, o)
		synctest.Wait()
		eventstest.Emit(t, db, "a", "x")
		err := db.Write(context.Background(), func(context.Context, *database.Tx) error {
			<-time.After(time.Second)
			away.SetDown(false)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := eventstest.Await(t, eventstest.SettleTime, "delivery", func() bool { return len(away.Bodies()) == 1 }); took > time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// A shop gets a broker, loses it, or moves a module: what one arrangement deferred, the
// next delivers, and what has arrived already has no second effect.
func TestDebtsOfAnotherArrangement(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db, away := open(), &eventstest.Destination{Down: true}
		before := eventstest.NodeOptions(db, []string{"test", "away"}, eventstest.Listener("test", db, eventstest.Recorder("test.a")))
		before.Senders = map[string]node.Sender{"away": away}
		n := eventstest.Begin(t, before)
		eventstest.EmitAll(t, db, eventstest.Numbered(300))
		eventstest.AwaitCount(t, "deferrals", db, `events_owed`, "300")
		eventstest.Stop(t, n)

		broker := &eventstest.Destination{}
		after := eventstest.NodeOptions(db, []string{"test", "broker"}, eventstest.Listener("test", db, eventstest.Recorder("test.a")))
		after.Senders = map[string]node.Sender{"broker": broker}
		after.Emitters[0].Former = []string{"away", "broker"}
		eventstest.Start(t, after)
		eventstest.AwaitCount(t, "all sent", db, `events_outbox WHERE state = 1`, "300")
		if diff := cmp.Diff(eventstest.Numbered(300), broker.Bodies()); diff != "" {
			t.Errorf("by the new way: -want +got\n%s", diff)
		}
		if diff := cmp.Diff(eventstest.Numbered(300), eventstest.Bodies(t, db, "test.a")); diff != "" {
			t.Errorf("effects: -want +got\n%s", diff)
		}
		// A relay of the old arrangement that was thought dead writes down one more.
		eventstest.Emit(t, db, "a", "late")
		eventstest.AwaitCount(t, "late", db, `events_outbox WHERE state = 1`, "301")
		eventstest.Execute(t, db, `UPDATE events_outbox SET state = 2 WHERE seq = 301`)
		eventstest.Execute(t, db, `INSERT INTO events_owed (seq, destination) VALUES (301, 'away')`)
		eventstest.AwaitCount(t, "the last deferral", db, `events_owed`, "0")
		eventstest.AwaitCount(t, "all sent again", db, `events_outbox WHERE state = 1`, "301")
	})
}

// A row that is still in somebody's hand keeps its deferrals: without them it would be
// taken for sent.
func TestReroutingLeavesRowsInHandAlone(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db, slow := eventstest.Open(t), &eventstest.Destination{Hold: make(chan struct{})}
		o := eventstest.NodeOptions(db, []string{"slow"})
		o.Senders = map[string]node.Sender{"slow": slow}
		o.Emitters[0].Former = []string{"away"}
		eventstest.Start(t, o)
		eventstest.Emit(t, db, "a", "x")
		eventstest.Execute(t, db, `INSERT INTO events_owed (seq, destination) VALUES (1, 'away')`)
		<-time.After(8 * time.Second)
		if got := eventstest.Count(t, db, `events_owed`); got != "1" {
			t.Errorf("%s deferrals, want 1", got)
		}
		close(slow.Hold)
		eventstest.AwaitCount(t, "no deferrals", db, `events_owed`, "0")
	})
}

// A type that this version does not know waits for one that does, and is not counted as
// sent.
func TestUnknownTypesAreKept(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		eventstest.Emit(t, db, "a", "from the future")
		o := eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a")))
		o.Emitters[0].Routes = map[string][]string{"test.Other": nil}
		old := eventstest.Begin(t, o)
		eventstest.AwaitCount(t, "set aside", db, `events_outbox WHERE state = 2`, "1")
		eventstest.Stop(t, old)
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a"))))
		eventstest.Await(t, eventstest.SettleTime, "effect", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == 1 })
		eventstest.AwaitCount(t, "sent", db, `events_outbox WHERE state = 1`, "1")
	})
}
