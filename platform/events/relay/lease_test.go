package relay_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/database"
	"app/platform/events/internal/eventstest"
)

// A process that vanished holds its lease until it runs out; then another takes over.
func TestLeaseIsTakenOver(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		target := eventstest.Listener("test", open(), eventstest.Recorder("test.a"))
		db, other := open(), open()
		holder := eventstest.Begin(t, eventstest.NodeOptions(db, []string{"test"}, target))
		eventstest.Await(t, time.Second, "lease", func() bool { return eventstest.Count(t, db, `events_lease`) == "1" })
		eventstest.Start(t, eventstest.NodeOptions(other, []string{"test"}, target))
		<-time.After(time.Minute) // renewals keep the second away
		eventstest.Kill(holder)
		eventstest.Emit(t, db, "a", "orphan")
		took := eventstest.Await(t, eventstest.SettleTime, "takeover", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == 1 })
		if took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestLeaseIsGivenBack(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db := eventstest.Open(t)
		o := eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a")))
		eventstest.Stop(t, eventstest.Begin(t, o))
		eventstest.Emit(t, db, "a", "waiting")
		eventstest.Start(t, o)
		synctest.Wait() // no time passes
		if got := eventstest.Bodies(t, db, "test.a"); len(got) != 1 {
			t.Errorf("got %v", got)
		}
	})
}

// A clock that was wrong must not keep everybody out for hours.
func TestLeaseFromTheFutureIsVoid(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db := eventstest.Open(t)
		eventstest.Execute(t, db, `INSERT INTO events_lease (name, holder, until) VALUES ('relay', 'ghost', ?)`, database.Micros(time.Now().Add(time.Hour)))
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a"))))
		eventstest.Emit(t, db, "a", "x")
		eventstest.Await(t, time.Second, "effect", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == 1 })
	})
}

// A relay that could not renew its lease in time stops; whatever both did has one
// effect.
func TestTwoRelaysHaveOneEffect(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		target := eventstest.Listener("test", open(), eventstest.Recorder("test.a"))
		db, other := open(), open()
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, target))
		eventstest.Start(t, eventstest.NodeOptions(other, []string{"test"}, target))
		for i, b := range eventstest.Numbered(40) {
			if i%10 == 5 { // stolen under the holder's hands: both are active for a moment
				eventstest.Execute(t, db, `UPDATE events_lease SET holder = 'thief', until = 0`)
			}
			eventstest.Emit(t, db, "a", b)
			<-time.After(200 * time.Millisecond)
		}
		eventstest.AwaitCount(t, "all sent", db, `events_outbox WHERE state <> 1`, "0")
		if diff := cmp.Diff(eventstest.Numbered(40), eventstest.Bodies(t, db, "test.a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}
