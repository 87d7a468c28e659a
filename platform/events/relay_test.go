package events_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/events"
)

// settleTime is long enough, on the clock of a bubble, for everything that can succeed
// to have done so.
const settleTime = time.Minute

func TestRelay(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		start(t, node(db, []string{"test"}, listener("test", db, recorder("test.a"), recorder("test.b"))))
		synctest.Wait()
		err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			for _, b := range numbered(10) {
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
			if diff := cmp.Diff(numbered(10), bodies(t, db, consumer)); diff != "" {
				t.Errorf("%s: -want +got\n%s", consumer, diff)
			}
		}
		await(t, time.Second, "rows marked", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "10" })
	})
}

// A commit that nobody tells the relay of, as that of another process, is found by
// looking.
func TestRelayFindsWhatItIsNotToldOf(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db, other := open(), open()
		start(t, node(db, []string{"test"}, listener("test", db, recorder("test.a"))))
		synctest.Wait()
		emit(t, other, "a", "quiet")
		took := await(t, settleTime, "effect", func() bool { return len(bodies(t, db, "test.a")) == 1 })
		if took > 600*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestRelayEmptiesABacklog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		source, target, slow := open(t), open(t), &post{hold: make(chan struct{})}
		want := numbered(1000)
		emitAll(t, source, want)
		o := node(source, []string{"target", "slow"}, listener("target", target, recorder("target.a")))
		o.Senders = map[string]events.Sender{"slow": slow}
		start(t, o)
		await(t, 5*time.Second, "the fast one has all", func() bool { return len(bodies(t, target, "target.a")) == len(want) })
		close(slow.hold)
		await(t, settleTime, "the slow one has all", func() bool { return len(slow.bodies()) >= len(want) })
		if diff := cmp.Diff(want, slow.bodies()); diff != "" {
			t.Errorf("out of order: -want +got\n%s", diff)
		}
	})
}

func TestEventsOfAnAggregateStayInOrder(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		var order []string
		start(t, node(db, []string{"test"}, listener("test", db, events.Subscribe("test.a",
			func(_ context.Context, _ *database.Tx, e heard) error {
				order = append(order, e.Body.GetValue())
				return nil
			}))))
		emitAll(t, db, numbered(100))
		synctest.Wait()
		if diff := cmp.Diff(numbered(100), order); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// One destination that is away delays nobody else, gets everything in order when it is
// back, and is used again within two seconds of that.
func TestDestinationDown(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db, away := open(), &post{down: true}
		o := node(db, []string{"test", "away"}, listener("test", db, recorder("test.a")))
		o.Senders = map[string]events.Sender{"away": away}
		start(t, o)
		want := numbered(60)
		for _, b := range want {
			emit(t, db, "a", b)
			synctest.Wait()
			if got := texts(t, db, `SELECT MAX(body) FROM test_effects`); got[0] != b {
				t.Fatalf("%s was delayed by the one that is away", b)
			}
		}
		<-time.After(2 * time.Minute)
		if sends := away.attempts(); sends > 300 {
			t.Errorf("%d attempts in two minutes", sends)
		}
		away.set(false)
		took := await(t, settleTime, "the first batch", func() bool { return len(away.bodies()) > 0 })
		if took > 2*time.Second {
			t.Errorf("used again after %v", took)
		}
		await(t, settleTime, "all marked", func() bool { return count(t, db, `events_outbox WHERE state <> 1`) == "0" })
		if diff := cmp.Diff(want, away.bodies()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if got := count(t, db, `events_owed`); got != "0" {
			t.Errorf("%s deferrals left", got)
		}
		emit(t, db, "a", "after")
		synctest.Wait() // at once again, not by way of the table
		if got := away.bodies(); got[len(got)-1] != "after" {
			t.Errorf("last got %s", got[len(got)-1])
		}
	})
}

// A destination that has got what was deferred says nothing about another that still
// has the event in hand.
func TestPaidDebtsDoNotSettleARowInHand(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db, away, slow := open(), &post{down: true}, &post{hold: make(chan struct{})}
		o := node(db, []string{"away", "slow"})
		o.Senders = map[string]events.Sender{"away": away, "slow": slow}
		n := begin(t, o)
		emit(t, db, "a", "x")
		await(t, settleTime, "deferral", func() bool { return count(t, db, `events_owed`) == "1" })
		away.set(false)
		await(t, settleTime, "payment", func() bool { return count(t, db, `events_owed`) == "0" })
		kill(n)
		close(slow.hold)
		start(t, o)
		await(t, settleTime, "the slow one", func() bool { return len(slow.bodies()) == 1 })
		await(t, settleTime, "sent", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "1" })
	})
}

// A destination is away for a moment in which nobody can write down what is deferred
// for it.
func TestDebtsOnTheirWayAreAwaited(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db, away := open(t), &post{down: true}
		o := node(db, []string{"away"})
		o.Senders = map[string]events.Sender{"away": away}
		start(t, o)
		synctest.Wait()
		emit(t, db, "a", "x")
		err := db.Write(context.Background(), func(context.Context, *database.Tx) error {
			<-time.After(time.Second)
			away.set(false)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := await(t, settleTime, "delivery", func() bool { return len(away.bodies()) == 1 }); took > time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// The relay hands events over and dies before it has marked them: they come again, and
// have one effect. (eShop#159)
func TestFailure19_TheRelayDiesBetweenHandOverAndMark(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		target := listener("test", db, recorder("test.a"))
		inner := begin(t, events.Options{Listeners: []events.Listener{target}})
		handed := make(chan struct{}, 100)
		o := node(db, []string{"test"})
		o.Senders = map[string]events.Sender{"test": sender(func(ctx context.Context, module string, batch []events.Envelope) error {
			err := inner.Accept(ctx, module, batch)
			handed <- struct{}{}
			<-ctx.Done() // the mark never comes
			return errors.Join(err, ctx.Err())
		})}
		first := begin(t, o)
		emitAll(t, db, numbered(3))
		<-handed
		kill(first)
		stop(t, inner)
		if got := count(t, db, `events_outbox WHERE state = 0`); got != "3" {
			t.Fatalf("%s of 3 rows still wait", got)
		}
		start(t, node(db, []string{"test"}, target))
		await(t, settleTime, "all marked", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "3" })
		if diff := cmp.Diff(numbered(3), bodies(t, db, "test.a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

type sender func(ctx context.Context, destination string, batch []events.Envelope) error

func (s sender) Send(ctx context.Context, destination string, batch []events.Envelope) error {
	return s(ctx, destination, batch)
}

// Rows take their numbers when they are inserted and become visible when they are
// committed: a smaller number may appear after a larger one was relayed.
// (watermill-sql#311)
func TestFailure21_RowsCommittedOutOfOrderAreNotSkipped(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db, template := open(), open()
		emit(t, template, "a", "late")
		execute(t, db, `UPDATE events_outbox SET seq = 1000000`)
		start(t, node(db, []string{"test"}, listener("test", db, recorder("test.a"))))
		await(t, settleTime, "the first", func() bool { return len(bodies(t, db, "test.a")) == 1 })
		const older = `INSERT INTO events_outbox (seq, id, type, schema_version, aggregate, aggregate_id, aggregate_version,
			occurred_at, request_id, trace, secret, state, payload)
			SELECT ?, ?, type, schema_version, aggregate, aggregate_id, aggregate_version, occurred_at, request_id, trace, secret, 0, payload
			FROM events_outbox WHERE seq = 1000000`
		for i, seq := range []int{999999, 5, 70} {
			execute(t, db, older, seq, "00000000-0000-7000-8000-00000000000"+string(rune('0'+i)))
			await(t, time.Second, "the older row", func() bool { return len(bodies(t, db, "test.a")) == i+2 })
		}
	})
}

// An event that is sent again is older than those in flight; a relay that never comes
// to rest finds it nevertheless.
func TestFailure21_OlderRowsAreFoundBehindThoseInHand(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db, slow, quick := open(), &post{hold: make(chan struct{})}, &post{}
		o := node(db, []string{"slow", "quick"})
		o.Senders = map[string]events.Sender{"slow": slow, "quick": quick}
		emit(t, db, "a", "old")
		execute(t, db, `UPDATE events_outbox SET state = 1`)
		emit(t, db, "a", "new")
		start(t, o)
		await(t, settleTime, "the newer one", func() bool { return slices.Contains(quick.bodies(), "new") })
		execute(t, db, `UPDATE events_outbox SET state = 0 WHERE seq = 1`)
		for n := 0; !slices.Contains(quick.bodies(), "old"); n++ {
			if n == 100 {
				t.Fatalf("not found in a second: %q", quick.bodies())
			}
			emit(t, db, "a", "more")
			<-time.After(10 * time.Millisecond)
		}
		close(slow.hold)
	})
}

// On MySQL the order really is that of the commits: the earlier transaction takes its
// number and waits.
func TestFailure21_ASlowTransactionIsNotSkipped(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		if db.Engine() != database.MySQL {
			t.Skip("transactions run one after another")
		}
		start(t, node(db, []string{"test"}, listener("test", db, recorder("test.a"))))
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
		emit(t, db, "b", "2 fast")
		await(t, settleTime, "the fast one", func() bool { return len(bodies(t, db, "test.a")) == 1 })
		close(release)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		await(t, settleTime, "the slow one", func() bool { return len(bodies(t, db, "test.a")) == 2 })
	})
}

// A process that vanished holds its lease until it runs out; then another takes over.
func TestLeaseIsTakenOver(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		target := listener("test", open(), recorder("test.a"))
		db, other := open(), open()
		holder := begin(t, node(db, []string{"test"}, target))
		await(t, time.Second, "lease", func() bool { return count(t, db, `events_lease`) == "1" })
		start(t, node(other, []string{"test"}, target))
		<-time.After(time.Minute) // renewals keep the second away
		kill(holder)
		emit(t, db, "a", "orphan")
		took := await(t, settleTime, "takeover", func() bool { return len(bodies(t, db, "test.a")) == 1 })
		if took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestLeaseIsGivenBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db := open(t)
		o := node(db, []string{"test"}, listener("test", db, recorder("test.a")))
		stop(t, begin(t, o))
		emit(t, db, "a", "waiting")
		start(t, o)
		synctest.Wait() // no time passes
		if got := bodies(t, db, "test.a"); len(got) != 1 {
			t.Errorf("got %v", got)
		}
	})
}

// A clock that was wrong must not keep everybody out for hours.
func TestLeaseFromTheFutureIsVoid(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db := open(t)
		execute(t, db, `INSERT INTO events_lease (name, holder, until) VALUES ('relay', 'ghost', ?)`, database.Micros(time.Now().Add(time.Hour)))
		start(t, node(db, []string{"test"}, listener("test", db, recorder("test.a"))))
		emit(t, db, "a", "x")
		await(t, time.Second, "effect", func() bool { return len(bodies(t, db, "test.a")) == 1 })
	})
}

// A relay that could not renew its lease in time stops; whatever both did has one
// effect.
func TestTwoRelaysHaveOneEffect(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		target := listener("test", open(), recorder("test.a"))
		db, other := open(), open()
		start(t, node(db, []string{"test"}, target))
		start(t, node(other, []string{"test"}, target))
		for i, b := range numbered(40) {
			if i%10 == 5 { // stolen under the holder's hands: both are active for a moment
				execute(t, db, `UPDATE events_lease SET holder = 'thief', until = 0`)
			}
			emit(t, db, "a", b)
			<-time.After(200 * time.Millisecond)
		}
		await(t, settleTime, "all sent", func() bool { return count(t, db, `events_outbox WHERE state <> 1`) == "0" })
		if diff := cmp.Diff(numbered(40), bodies(t, db, "test.a")); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// A type that this version does not know waits for one that does, and is not counted as
// sent.
func TestUnknownTypesAreKept(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db := open()
		emit(t, db, "a", "from the future")
		o := node(db, []string{"test"}, listener("test", db, recorder("test.a")))
		o.Emitters[0].Routes = map[string][]string{"test.Other": nil}
		old := begin(t, o)
		await(t, settleTime, "set aside", func() bool { return count(t, db, `events_outbox WHERE state = 2`) == "1" })
		stop(t, old)
		start(t, node(db, []string{"test"}, listener("test", db, recorder("test.a"))))
		await(t, settleTime, "effect", func() bool { return len(bodies(t, db, "test.a")) == 1 })
		await(t, settleTime, "sent", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "1" })
	})
}

func TestTypesThatNobodyHearsAreSent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db := open(t)
		start(t, node(db, nil))
		emit(t, db, "a", "into the void")
		await(t, time.Second, "sent", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "1" })
	})
}

func TestStopCompletesWhatIsInHand(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db, slow := open(t), &post{hold: make(chan struct{})}
		o := node(db, []string{"slow"})
		o.Senders = map[string]events.Sender{"slow": slow}
		n := begin(t, o)
		emit(t, db, "a", "x")
		synctest.Wait()
		stopped := make(chan error)
		go func() { stopped <- n.Stop(context.Background()) }()
		synctest.Wait()
		select {
		case err := <-stopped:
			t.Fatalf("stopped with a batch on its way: %v", err)
		default:
		}
		close(slow.hold)
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		if got := count(t, db, `events_outbox WHERE state = 1`); got != "1" {
			t.Errorf("%s rows marked, want 1", got)
		}
		if err := n.Accept(t.Context(), "slow", nil); err == nil {
			t.Error("accepts after the end")
		}
	})
}

// Sent events are kept for a week, whatever the listeners do with theirs.
func TestSweeps(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db, away := open(), &post{down: true}
		o := node(db, []string{"test", "away"}, listener("test", db, recorder("test.a")))
		o.Senders = map[string]events.Sender{"away": away}
		n := begin(t, o)
		emitAll(t, db, numbered(300))
		await(t, settleTime, "owed", func() bool { return count(t, db, `events_owed`) == "300" })
		away.set(false)
		await(t, settleTime, "sent", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "300" })
		stop(t, n)
		age := func(by time.Duration) {
			us := by.Microseconds()
			execute(t, db, `UPDATE events_outbox SET occurred_at = occurred_at - ?`, us)
			execute(t, db, `UPDATE events_inbox SET next_at = next_at - ?`, us)
			n := begin(t, o)
			<-time.After(2 * time.Minute)
			synctest.Wait()
			stop(t, n)
		}
		left := func() string { return count(t, db, `events_outbox`) + " " + count(t, db, `events_inbox`) }
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

func TestNewNodeNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	db := open(t)
	o := node(db, []string{"nowhere"}, listener("emails", db, recorder("emails.a"), recorder("emails.a"), recorder("orders.b")), events.Listener{Module: "bare"})
	_, err := events.NewNode(o)
	for _, part := range []string{"no way to nowhere", "two consumers are named emails.a", `consumer "orders.b"`, "bare subscribes to events and has no database"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
}

// A shop gets a broker, loses it, or moves a module: what one arrangement deferred, the
// next delivers, and what has arrived already has no second effect.
func TestDebtsOfAnotherArrangement(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *database.DB) {
		db, away := open(), &post{down: true}
		before := node(db, []string{"test", "away"}, listener("test", db, recorder("test.a")))
		before.Senders = map[string]events.Sender{"away": away}
		n := begin(t, before)
		emitAll(t, db, numbered(300))
		await(t, settleTime, "deferrals", func() bool { return count(t, db, `events_owed`) == "300" })
		stop(t, n)

		broker := &post{}
		after := node(db, []string{"test", "broker"}, listener("test", db, recorder("test.a")))
		after.Senders = map[string]events.Sender{"broker": broker}
		after.Emitters[0].Former = []string{"away", "broker"}
		start(t, after)
		await(t, settleTime, "all sent", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "300" })
		if diff := cmp.Diff(numbered(300), broker.bodies()); diff != "" {
			t.Errorf("by the new way: -want +got\n%s", diff)
		}
		if diff := cmp.Diff(numbered(300), bodies(t, db, "test.a")); diff != "" {
			t.Errorf("effects: -want +got\n%s", diff)
		}
		// A relay of the old arrangement that was thought dead writes down one more.
		emit(t, db, "a", "late")
		await(t, settleTime, "late", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "301" })
		execute(t, db, `UPDATE events_outbox SET state = 2 WHERE seq = 301`)
		execute(t, db, `INSERT INTO events_owed (seq, destination) VALUES (301, 'away')`)
		await(t, settleTime, "the last deferral", func() bool { return count(t, db, `events_owed`) == "0" })
		await(t, settleTime, "all sent again", func() bool { return count(t, db, `events_outbox WHERE state = 1`) == "301" })
	})
}

// A row that is still in somebody's hand keeps its deferrals: without them it would be
// taken for sent.
func TestReroutingLeavesRowsInHandAlone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		db, slow := open(t), &post{hold: make(chan struct{})}
		o := node(db, []string{"slow"})
		o.Senders = map[string]events.Sender{"slow": slow}
		o.Emitters[0].Former = []string{"away"}
		start(t, o)
		emit(t, db, "a", "x")
		execute(t, db, `INSERT INTO events_owed (seq, destination) VALUES (1, 'away')`)
		<-time.After(8 * time.Second)
		if got := count(t, db, `events_owed`); got != "1" {
			t.Errorf("%s deferrals, want 1", got)
		}
		close(slow.hold)
		await(t, settleTime, "no deferrals", func() bool { return count(t, db, `events_owed`) == "0" })
	})
}
