package rabbit_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	amqp "github.com/rabbitmq/amqp091-go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/eventsv1"
	"app/platform/events/rabbit"
	"app/platform/events/rabbit/rabbittest"
)

func TestEventsReachEveryListenerOnceAndInOrder(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, emails, catalog := open(t), open(t), open(t)
	want := numbered(1000)
	emit(t, source, "a", want...)
	running(t, emitter(t, url, source, "emails", "catalog"))
	running(t, listener(t, url, "emails", emails, record))
	running(t, listener(t, url, "catalog", catalog, record))
	for name, db := range map[string]*database.DB{"emails": emails, "catalog": catalog} {
		await(t, name, func() bool { return count(t, db, `test_effects`) == "1000" })
		if diff := cmp.Diff(want, recorded(t, db)); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
	awaitCount(t, source, pending, 0)
	if got := count(t, source, `events_owed`); got != "0" {
		t.Errorf("%s debts", got)
	}
}

// A listener that was never started gets what was emitted before: whoever publishes
// makes its queue.
func TestEventsWaitForAListenerThatWasNeverThere(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, target := open(t), open(t)
	running(t, emitter(t, url, source, "emails"))
	emit(t, source, "a", "early")
	awaitCount(t, source, pending, 0)
	running(t, listener(t, url, "emails", target, record))
	awaitCount(t, target, done, 1)
}

// What others may rely on who bind queues of their own.
func TestMessage(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source := open(t)
	running(t, emitter(t, url, source, "emails"))
	conn := connect(t, url)
	tap := channel(t, conn)
	awaitQueue(t, conn, "souk.emails") // what is made after the exchange
	q, err := tap.QueueDeclare("tap", false, true, true, false, nil)
	if err = errors.Join(err, tap.QueueBind(q.Name, "#", "souk.test", false, nil)); err != nil {
		t.Fatal(err)
	}
	emit(t, source, "a", "hello")
	var got amqp.Delivery
	await(t, "message", func() (ok bool) {
		got, ok, err = tap.Get(q.Name, true)
		return ok || err != nil
	})
	id := texts(t, source, `SELECT id FROM events_outbox`)[0]
	if err != nil || got.MessageId != id || got.Type != said || got.RoutingKey != said || got.Exchange != "souk.test" ||
		got.ContentType != "application/x-protobuf" || got.DeliveryMode != amqp.Persistent || got.AppId != "souk" {
		t.Errorf("properties: %+v, %v", got, err)
	}
	if diff := cmp.Diff(amqp.Table{"souk-aggregate": "thing", "souk-aggregate-id": "a"}, got.Headers); diff != "" {
		t.Errorf("headers: -want +got\n%s", diff)
	}
	var body eventsv1.Envelope
	if err := proto.Unmarshal(got.Body, &body); err != nil || body.GetId() != id || body.GetModule() != "test" || len(body.GetPayload()) == 0 {
		t.Errorf("body: %v, %v", &body, err)
	}
}

// The broker is away when the processes start. Business goes on, and what waits is
// delivered when the broker is there.
func TestTheBrokerIsAwayAtTheStart(t *testing.T) {
	t.Parallel()
	line := plug(t, rabbittest.URL(t))
	line.cut()
	source, target := open(t), open(t)
	running(t, listener(t, line.URL, "emails", target, record))
	running(t, emitter(t, line.URL, source, "emails"))
	emit(t, source, "a", numbered(300)...)
	await(t, "debts", func() bool { return count(t, source, `events_owed`) == "300" })
	line.heal(t)
	awaitCount(t, target, done, 300)
	awaitCount(t, source, pending, 0)
}

// The line is cut again and again while events flow: nothing is lost, and nothing has
// two effects.
func TestReconnects(t *testing.T) {
	t.Parallel()
	line := plug(t, rabbittest.URL(t))
	source, target := open(t), open(t)
	running(t, emitter(t, line.URL, source, "emails"))
	running(t, listener(t, line.URL, "emails", target, record))
	var want []string
	next := func(name string) {
		emit(t, source, name, name)
		want = append(want, name)
	}
	next("first")
	awaitCount(t, target, done, 1)
	for _, round := range []string{"a", "b", "c"} {
		for _, n := range numbered(100) {
			next(round + n)
			if n == "000050" {
				line.cut()
			}
		}
		await(t, "the outage", func() bool { return count(t, source, owed) != "0" })
		line.heal(t)
		next(round + "healed")
		awaitCount(t, target, done, len(want))
	}
	got := recorded(t, target)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("effects: -want +got\n%s", diff)
	}
}

// Somebody removes a queue while the shop runs: it is made again, on both sides, and
// nothing counts as sent meanwhile.
func TestARemovedQueueIsMadeAgain(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, target := open(t), open(t)
	running(t, emitter(t, url, source, "emails"))
	running(t, listener(t, url, "emails", target, record))
	emit(t, source, "a", "before")
	awaitCount(t, target, done, 1)
	if _, err := channel(t, connect(t, url)).QueueDelete("souk.emails", false, false, false); err != nil {
		t.Fatal(err)
	}
	emit(t, source, "a", "after")
	awaitCount(t, target, done, 2)
	awaitCount(t, source, pending, 0)
}

// A slow module delays nobody else, has no more than its share in hand, and gets
// everything.
func TestSlowConsumer(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source, slow, fast := open(t), open(t), open(t)
	gate := make(chan struct{})
	running(t, listener(t, url, "slow", slow, func(ctx context.Context, tx *database.Tx, e events.Event[*wrapperspb.StringValue]) error {
		<-gate
		return record(ctx, tx, e)
	}))
	running(t, listener(t, url, "fast", fast, record))
	running(t, emitter(t, url, source, "slow", "fast"))
	free := sync.OnceFunc(func() { close(gate) })
	t.Cleanup(free)
	want := numbered(1000)
	emit(t, source, "a", want...)
	awaitCount(t, fast, done, 1000)
	awaitCount(t, source, pending, 0)
	if n := waiting(t, channel(t, connect(t, url)), "souk.slow"); n < 1000-256 {
		t.Errorf("%d of 1000 wait: the slow one has more than 256 in hand", n)
	}
	free()
	awaitCount(t, slow, done, 1000)
	got := recorded(t, slow)
	slices.Sort(got) // a handler that took too long is tried again, after others
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("effects: -want +got\n%s", diff)
	}
}

// Two replicas share a queue: one of them works, so that events of an aggregate stay in
// order, and when it ends, in whatever way, the other takes over.
func TestReplicasTakeOver(t *testing.T) {
	t.Parallel()
	broker := rabbittest.URL(t)
	line := plug(t, broker)
	source, target := open(t), open(t)
	var first, second atomic.Int64
	counting := func(n *atomic.Int64) handler {
		return func(ctx context.Context, tx *database.Tx, e events.Event[*wrapperspb.StringValue]) error {
			tx.AfterCommit(func() { n.Add(1) })
			return record(ctx, tx, e)
		}
	}
	running(t, emitter(t, broker, source, "emails"))
	running(t, listener(t, line.URL, "emails", target, counting(&first)))
	emit(t, source, "a", "one")
	await(t, "the first replica", func() bool { return first.Load() == 1 })
	running(t, listener(t, broker, "emails", target, counting(&second)))
	want := numbered(500)
	emit(t, source, "a", want...)
	awaitCount(t, target, done, 501)
	if first.Load() != 501 || second.Load() != 0 {
		t.Errorf("the replicas handled %d and %d", first.Load(), second.Load())
	}
	if diff := cmp.Diff(want, recorded(t, target)[1:]); diff != "" {
		t.Errorf("out of order: -want +got\n%s", diff)
	}
	line.cut()
	emit(t, source, "a", "more")
	await(t, "the second replica", func() bool { return second.Load() > 0 })
}

// What no consumer can read is set aside and keeps nobody waiting.
func TestUnreadableMessagesAreSetAside(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	target, registry := open(t), prometheus.NewRegistry()
	n := startNode(t, inbox("emails", target, record))
	o := rabbit.Options{URL: url, Topology: topology("emails"), Logger: logger(t), Metrics: registry}
	o.Topology.Listeners = []string{"emails"}
	c, err := rabbit.NewConsumer(o, n.Accept)
	if err != nil {
		t.Fatal(err)
	}
	running(t, process{n, c})
	conn := connect(t, url)
	awaitQueue(t, conn, "souk.emails")
	for _, m := range []amqp.Publishing{{Body: []byte("{}")}, {}, message(t, "an-id", "x"), {Body: []byte{0xff, 0xff}}} {
		put(t, conn, "souk.emails", m)
	}
	awaitCount(t, target, done, 1)
	ch := channel(t, conn)
	await(t, "the dead", func() bool { return waiting(t, ch, rabbit.Dead) == 3 })
	if got := testutil.ToFloat64(rabbit.Rejected(c).WithLabelValues("emails")); got != 3 {
		t.Errorf("counted %v, want 3", got)
	}
	if n := waiting(t, ch, "souk.emails"); n != 0 {
		t.Errorf("%d are still there", n)
	}
}

// A message that whoever gets it does not survive is set aside in the end.
func TestDeliveryLimit(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	source := open(t)
	running(t, emitter(t, url, source, "emails"))
	conn := connect(t, url)
	awaitQueue(t, conn, "souk.emails")
	put(t, conn, "souk.emails", message(t, "an-id", "deadly"))
	ch := channel(t, conn)
	deliveries := 0
	await(t, "the dead", func() bool {
		deliveries += dieOf(t, conn, "souk.emails")
		return waiting(t, ch, rabbit.Dead) == 1
	})
	if deliveries != rabbit.DeliveryLimit+1 { // the limit is of those after the first
		t.Errorf("set aside after %d deliveries, want %d", deliveries, rabbit.DeliveryLimit+1)
	}
	dead, ok, err := ch.Get(rabbit.Dead, false)
	if err != nil || !ok || dead.Type != said || dead.Headers["x-first-death-queue"] != "souk.emails" {
		t.Errorf("dead: %v %v %+v", ok, err, dead)
	}
}

// dieOf takes a message, should there be one, and ends without an answer, as a process
// does that it kills. It counts the message.
func dieOf(t *testing.T, conn *amqp.Connection, queue string) (deliveries int) {
	t.Helper()
	ch := channel(t, conn)
	if err := ch.Qos(1, 0, false); err != nil {
		t.Fatal(err)
	}
	incoming, err := ch.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-incoming:
		deliveries++
	case <-time.After(time.Second): // it may be the dead letter on its way
	}
	if err := ch.Close(); err != nil {
		t.Fatal(err)
	}
	return deliveries
}
