package rabbit_test

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
	"app/platform/events/node"
	"app/platform/events/rabbit"
)

// said is the type of the tests' events.
var said = events.TypeOf(&wrapperspb.StringValue{})

// effects is what the tests' consumers write: a row for each time that a handler's work
// was committed, in its order.
var effects = fstest.MapFS{
	"0001_create_effects.sqlite.up.sql": {Data: []byte(`CREATE TABLE test_effects (n INTEGER PRIMARY KEY, body VARCHAR(100) NOT NULL)`)},
	"0001_create_effects.mysql.up.sql":  {Data: []byte(`CREATE TABLE test_effects (n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, body VARCHAR(100) NOT NULL)`)},
}

func tables() []fs.FS { return []fs.FS{events.Migrations, effects} }

func open(t testing.TB) *database.DB {
	t.Helper()
	return dbtest.Open(t, tables()...)
}

// topology: module test emits for the listeners, which are elsewhere for who publishes.
func topology(listeners ...string) rabbit.Topology {
	var out rabbit.Topology
	for _, l := range listeners {
		out.Bindings = append(out.Bindings, rabbit.Binding{Listener: l, Emitter: "test", Type: said})
	}
	return out
}

// logger writes to the test's log.
func logger(t testing.TB) *slog.Logger { return slog.New(slog.NewTextHandler(t.Output(), nil)) }

// stopper is a part of a process.
type stopper interface{ Stop(context.Context) error }

// process stops its parts, the first last.
type process []stopper

func (p process) stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for i := len(p) - 1; i >= 0; i-- {
		if err := p[i].Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

// kill ends the parts as the end of the process would: nothing is completed.
func (p process) kill() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for i := len(p) - 1; i >= 0; i-- {
		_ = p[i].Stop(ctx)
	}
}

// emitter is a process that relays what is emitted in the database to the listeners.
func emitter(t testing.TB, url string, db *database.DB, listeners ...string) process {
	t.Helper()
	p := publisher(t, rabbit.Options{URL: url, Topology: topology(listeners...), Logger: logger(t)})
	return process{p, relay(t, db, p)}
}

func publisher(t testing.TB, o rabbit.Options) *rabbit.Publisher {
	t.Helper()
	p, err := rabbit.NewPublisher(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func relay(t testing.TB, db *database.DB, way node.Sender) *node.Node {
	t.Helper()
	return startNode(t, node.Options{
		Emitters: []node.Emitter{{Module: "test", DB: db, Routes: map[string][]string{said: {rabbit.Destination}}}},
		Senders:  map[string]node.Sender{rabbit.Destination: way}, Logger: logger(t),
	})
}

func startNode(t testing.TB, o node.Options) *node.Node {
	t.Helper()
	n, err := node.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return n
}

// listener is a process that subscribes to the tests' events as the module.
func listener(t testing.TB, url, module string, db *database.DB, handle handler) process {
	t.Helper()
	n := startNode(t, inbox(module, db, handle))
	return process{n, consumer(t, url, module, n.Accept)}
}

type handler func(ctx context.Context, tx *database.Tx, e events.Event[*wrapperspb.StringValue]) error

func inbox(module string, db *database.DB, handle handler) node.Options {
	return node.Options{Listeners: []node.Listener{{
		Module: module, DB: db, Subscriptions: []events.Subscription{events.Subscribe(module+".a", handle)},
	}}}
}

func consumer(t testing.TB, url, module string, accept rabbit.Accept) *rabbit.Consumer {
	t.Helper()
	o := rabbit.Options{URL: url, Topology: topology(module), Logger: logger(t), HoldFor: time.Second}
	o.Topology.Listeners = []string{module}
	c, err := rabbit.NewConsumer(o, accept)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// running stops a process when the test ends.
func running(t testing.TB, p process) process {
	t.Helper()
	t.Cleanup(func() { p.stop(t) })
	return p
}

// record is the effect of the tests' consumers.
func record(ctx context.Context, tx *database.Tx, e events.Event[*wrapperspb.StringValue]) error {
	_, err := tx.Exec(ctx, `INSERT INTO test_effects (body) VALUES (?)`, e.Body.GetValue())
	return err
}

// emit tells events of one aggregate, in one transaction.
func emit(t testing.TB, db *database.DB, aggregate string, bodies ...string) {
	t.Helper()
	if err := tell(db, aggregate, bodies...); err != nil {
		t.Fatal(err)
	}
}

func tell(db *database.DB, aggregate string, bodies ...string) error {
	return db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		for _, b := range bodies {
			if err := events.Emit(ctx, tx, events.Key{Aggregate: "thing", ID: aggregate}, wrapperspb.String(b)); err != nil {
				return err
			}
		}
		return nil
	})
}

// recorded are the effects in the order in which they were made.
func recorded(t testing.TB, db *database.DB) []string {
	t.Helper()
	return texts(t, db, `SELECT body FROM test_effects ORDER BY n`)
}

func count(t testing.TB, db *database.DB, from string) string {
	t.Helper()
	return texts(t, db, `SELECT COUNT(*) FROM `+from)[0]
}

func texts(t testing.TB, db *database.DB, query string) (out []string) {
	t.Helper()
	err := db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// await waits until the condition holds, for a minute at most.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not after a minute", what)
		}
	}
}

// awaitCount waits until so many rows are there, and no more.
func awaitCount(t testing.TB, db *database.DB, from string, want int) {
	t.Helper()
	got := ""
	defer func() {
		if t.Failed() {
			t.Logf("%s of %d in %s", got, want, from)
		}
	}()
	await(t, from, func() bool {
		got = count(t, db, from)
		return got == strconv.Itoa(want)
	})
}

// Rows to count: what was done, what is not confirmed, and what was not when it was
// tried.
const (
	done    = `test_effects`
	pending = `events_outbox WHERE state <> 1`
	owed    = `events_owed`
)

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%06d", i)
	}
	return out
}

// connect is the test's own connection to the broker.
func connect(t testing.TB, url string) *amqp.Connection {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func channel(t testing.TB, conn *amqp.Connection) *amqp.Channel {
	t.Helper()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// awaitQueue waits until the queue is there. The broker closes the channel of who asks
// too early.
func awaitQueue(t testing.TB, conn *amqp.Connection, queue string) {
	t.Helper()
	await(t, queue, func() bool {
		ch := channel(t, conn)
		_, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
		return err == nil && ch.Close() == nil
	})
}

// waiting counts the messages of a queue that nobody has in hand.
func waiting(t testing.TB, ch *amqp.Channel, queue string) int {
	t.Helper()
	q, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return q.Messages
}

// put brings a message into a queue. A new queue refuses messages at first.
func put(t testing.TB, conn *amqp.Connection, queue string, message amqp.Publishing) {
	t.Helper()
	ch := channel(t, conn)
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	await(t, "the message in "+queue, func() bool {
		confirmation, err := ch.PublishWithDeferredConfirm("", queue, true, false, message)
		if err != nil {
			t.Fatal(err)
		}
		return confirmation.Wait()
	})
}

// message is an event of the tests as it travels.
func message(t testing.TB, id, text string) amqp.Publishing {
	t.Helper()
	payload, err := proto.Marshal(wrapperspb.String(text))
	if err != nil {
		t.Fatal(err)
	}
	e := events.Envelope{ID: id, Type: said, Module: "test", OccurredAt: time.Now(), Payload: payload}
	body, err := proto.Marshal(events.ToWire([]events.Envelope{e})[0])
	if err != nil {
		t.Fatal(err)
	}
	return amqp.Publishing{Type: said, Body: body, DeliveryMode: amqp.Persistent}
}
