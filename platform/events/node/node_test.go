package node_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

func TestNewNodeNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	db := eventstest.Open(t)
	o := eventstest.NodeOptions(db, []string{"nowhere"}, eventstest.Listener("emails", db,
		eventstest.Recorder("emails.a"), eventstest.Recorder("emails.a"), eventstest.Recorder("orders.b")), node.Listener{Module: "bare"})
	_, err := node.New(o)
	for _, part := range []string{"no way to nowhere", "two consumers are named emails.a", `consumer "orders.b"`, "bare subscribes to events and has no database"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
}

func TestStopCompletesWhatIsInHand(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db, slow := eventstest.Open(t), &eventstest.Destination{Hold: make(chan struct{})}
		o := eventstest.NodeOptions(db, []string{"slow"})
		o.Senders = map[string]node.Sender{"slow": slow}
		n := eventstest.Begin(t, o)
		eventstest.Emit(t, db, "a", "x")
		synctest.Wait()
		stopped := make(chan error)
		go func() { stopped <- n.Stop(context.Background()) }()
		synctest.Wait()
		select {
		case err := <-stopped:
			t.Fatalf("stopped with a batch on its way: %v", err)
		default:
		}
		close(slow.Hold)
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		if got := eventstest.Count(t, db, `events_outbox WHERE state = 1`); got != "1" {
			t.Errorf("%s rows marked, want 1", got)
		}
		if err := n.Accept(t.Context(), "slow", nil); err == nil {
			t.Error("accepts after the end")
		}
	})
}

// Sent events are kept for a week, whatever the listeners do with theirs.
func TestSweeps(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db, away := open(), &eventstest.Destination{Down: true}
		o := eventstest.NodeOptions(db, []string{"test", "away"}, eventstest.Listener("test", db, eventstest.Recorder("test.a")))
		o.Senders = map[string]node.Sender{"away": away}
		n := eventstest.Begin(t, o)
		eventstest.EmitAll(t, db, eventstest.Numbered(300))
		eventstest.AwaitCount(t, "owed", db, `events_owed`, "300")
		away.SetDown(false)
		eventstest.AwaitCount(t, "sent", db, `events_outbox WHERE state = 1`, "300")
		eventstest.Stop(t, n)
		age := func(by time.Duration) {
			us := by.Microseconds()
			eventstest.Execute(t, db, `UPDATE events_outbox SET occurred_at = occurred_at - ?`, us)
			eventstest.Execute(t, db, `UPDATE events_inbox SET next_at = next_at - ?`, us)
			n := eventstest.Begin(t, o)
			<-time.After(2 * time.Minute)
			synctest.Wait()
			eventstest.Stop(t, n)
		}
		left := func() string {
			return eventstest.Count(t, db, `events_outbox`) + " " + eventstest.Count(t, db, `events_inbox`)
		}
		var got []string
		for _, by := range []time.Duration{6 * 24 * time.Hour, 2 * 24 * time.Hour, 23 * 24 * time.Hour} {
			age(by)
			got = append(got, left())
		}
		if diff := cmp.Diff([]string{"300 300", "0 300", "0 0"}, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}
