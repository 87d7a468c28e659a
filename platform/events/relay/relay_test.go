package relay_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/internal/eventstest"
	"app/platform/events/node"
)

func TestRelay(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"},
			eventstest.Listener("test", db, eventstest.Recorder("test.a"), eventstest.Recorder("test.b"))))
		synctest.Wait()
		err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			for _, b := range eventstest.Numbered(10) {
				if err := events.Emit(ctx, tx, events.Key{}, wrapperspb.String(b)); err != nil {
					return err
				}
			}
			<-time.After(time.Millisecond) // a relay that was woken by now would find nothing
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // without the help of time: the commit wakes the relay
		for _, consumer := range []string{"test.a", "test.b"} {
			if diff := cmp.Diff(eventstest.Numbered(10), eventstest.Bodies(t, db, consumer)); diff != "" {
				t.Errorf("%s: -want +got\n%s", consumer, diff)
			}
		}
		eventstest.Await(t, time.Second, "rows marked", func() bool { return eventstest.Count(t, db, `events_outbox WHERE state = 1`) == "10" })
	})
}

// A commit that nobody tells the relay of, as that of another process, is found by
// looking.
func TestRelayFindsWhatItIsNotToldOf(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db, other := open(), open()
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a"))))
		synctest.Wait()
		eventstest.Emit(t, other, "a", "quiet")
		took := eventstest.Await(t, eventstest.SettleTime, "effect", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == 1 })
		if took > 600*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestRelayEmptiesABacklog(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		source, target, slow := eventstest.Open(t), eventstest.Open(t), &eventstest.Destination{Hold: make(chan struct{})}
		want := eventstest.Numbered(1000)
		eventstest.EmitAll(t, source, want)
		o := eventstest.NodeOptions(source, []string{"target", "slow"}, eventstest.Listener("target", target, eventstest.Recorder("target.a")))
		o.Senders = map[string]node.Sender{"slow": slow}
		eventstest.Start(t, o)
		eventstest.Await(t, 5*time.Second, "the fast one has all", func() bool {
			return len(eventstest.Bodies(t, target, "target.a")) == len(want)
		})
		close(slow.Hold)
		eventstest.Await(t, eventstest.SettleTime, "the slow one has all", func() bool { return len(slow.Bodies()) >= len(want) })
		if diff := cmp.Diff(want, slow.Bodies()); diff != "" {
			t.Errorf("out of order: -want +got\n%s", diff)
		}
	})
}

func TestEventsOfAnAggregateStayInOrder(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		var order []string
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, events.Subscribe("test.a",
			func(_ context.Context, _ *database.Tx, e eventstest.Event) error {
				order = append(order, e.Body.GetValue())
				return nil
			}))))
		eventstest.EmitAll(t, db, eventstest.Numbered(100))
		synctest.Wait()
		if diff := cmp.Diff(eventstest.Numbered(100), order); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// The relay hands events over and dies before it has marked them: they come again, and
// have one effect. (eShop#159)
func TestFailure19_TheRelayDiesBetweenHandOverAndMark(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		target := eventstest.Listener("test", db, eventstest.Recorder("test.a"))
		inner := eventstest.Begin(t, node.Options{Listeners: []node.Listener{target}})
		handed := make(chan struct{}, 100)
		o := eventstest.NodeOptions(db, []string{"test"})
		o.Senders = map[string]node.Sender{"test": eventstest.Sender(func(ctx context.Context, module string, batch []events.Envelope) error {
			err := inner.Accept(ctx, module, batch)
			handed <- struct{}{}
			<-ctx.Done() // the mark never comes
			return errors.Join(err, ctx.Err())
		})}
		first := eventstest.Begin(t, o)
		eventstest.EmitAll(t, db, eventstest.Numbered(3))
		<-handed
		eventstest.Kill(first)
		eventstest.Stop(t, inner)
		if got := eventstest.Count(t, db, `events_outbox WHERE state = 0`); got != "3" {
			t.Fatalf("%s of 3 rows still wait", got)
		}
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, target))
		eventstest.AwaitCount(t, "all marked", db, `events_outbox WHERE state = 1`, "3")
		if diff := cmp.Diff(eventstest.Numbered(3), eventstest.Bodies(t, db, "test.a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// Rows take their numbers when they are inserted and become visible when they are
// committed: a smaller number may appear after a larger one was relayed.
// (watermill-sql#311)
func TestFailure21_RowsCommittedOutOfOrderAreNotSkipped(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db, template := open(), open()
		eventstest.Emit(t, template, "a", "late")
		eventstest.Execute(t, db, `UPDATE events_outbox SET seq = 1000000`)
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a"))))
		eventstest.Await(t, eventstest.SettleTime, "the first", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == 1 })
		const older = `INSERT INTO events_outbox (seq, id, type, schema_version, aggregate, aggregate_id, aggregate_version,
			occurred_at, request_id, trace, secret, state, payload)
			SELECT ?, ?, type, schema_version, aggregate, aggregate_id, aggregate_version, occurred_at, request_id, trace, secret, 0, payload
			FROM events_outbox WHERE seq = 1000000`
		for i, seq := range []int{999999, 5, 70} {
			eventstest.Execute(t, db, older, seq, "00000000-0000-7000-8000-00000000000"+string(rune('0'+i)))
			eventstest.Await(t, time.Second, "the older row", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == i+2 })
		}
	})
}

// An event that is sent again is older than those in flight; a relay that never comes
// to rest finds it nevertheless.
func TestFailure21_OlderRowsAreFoundBehindThoseInHand(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db, slow, quick := open(), &eventstest.Destination{Hold: make(chan struct{})}, &eventstest.Destination{}
		o := eventstest.NodeOptions(db, []string{"slow", "quick"})
		o.Senders = map[string]node.Sender{"slow": slow, "quick": quick}
		eventstest.Emit(t, db, "a", "old")
		eventstest.Execute(t, db, `UPDATE events_outbox SET state = 1`)
		eventstest.Emit(t, db, "a", "new")
		eventstest.Start(t, o)
		eventstest.Await(t, eventstest.SettleTime, "the newer one", func() bool { return slices.Contains(quick.Bodies(), "new") })
		eventstest.Execute(t, db, `UPDATE events_outbox SET state = 0 WHERE seq = 1`)
		for n := 0; !slices.Contains(quick.Bodies(), "old"); n++ {
			if n == 100 {
				t.Fatalf("not found in a second: %q", quick.Bodies())
			}
			eventstest.Emit(t, db, "a", "more")
			<-time.After(10 * time.Millisecond)
		}
		close(slow.Hold)
	})
}

// On MySQL the order really is that of the commits: the earlier transaction takes its
// number and waits.
func TestFailure21_ASlowTransactionIsNotSkipped(t *testing.T) {
	eventstest.OnEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		if db.Engine() != database.MySQL {
			t.Skip("transactions run one after another")
		}
		eventstest.Start(t, eventstest.NodeOptions(db, []string{"test"}, eventstest.Listener("test", db, eventstest.Recorder("test.a"))))
		told, release, done := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			done <- db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
				err := events.Emit(ctx, tx, events.Key{}, wrapperspb.String("1 slow"))
				close(told)
				<-release
				return err
			})
		}()
		<-told
		eventstest.Emit(t, db, "b", "2 fast")
		eventstest.Await(t, eventstest.SettleTime, "the fast one", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == 1 })
		close(release)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		eventstest.Await(t, eventstest.SettleTime, "the slow one", func() bool { return len(eventstest.Bodies(t, db, "test.a")) == 2 })
	})
}

func TestTypesThatNobodyHearsAreSent(t *testing.T) {
	eventstest.InBubble(t, func(t *testing.T) {
		db := eventstest.Open(t)
		eventstest.Start(t, eventstest.NodeOptions(db, nil))
		eventstest.Emit(t, db, "a", "into the void")
		eventstest.Await(t, time.Second, "sent", func() bool { return eventstest.Count(t, db, `events_outbox WHERE state = 1`) == "1" })
	})
}
