package events_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
)

// said is the type of the tests' events.
var said = events.TypeOf(&wrapperspb.StringValue{})

// effects is what the tests' consumers write: a row for each time that a handler's work
// was committed.
var effects = fstest.MapFS{"0001_create_effects.up.sql": {Data: []byte(`CREATE TABLE test_effects
	(consumer VARCHAR(100) NOT NULL, event_id VARCHAR(36) NOT NULL, aggregate_id VARCHAR(100) NOT NULL, body VARCHAR(100) NOT NULL, at BIGINT NOT NULL)`)}}

func tables() []fs.FS { return []fs.FS{events.Migrations, effects} }

func open(t testing.TB) *database.DB {
	t.Helper()
	return dbtest.Open(t, tables()...)
}

// inBubble runs a parallel test on the clock of a bubble: whoever waits for time waits
// for nobody else.
func inBubble(t *testing.T, run func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, run)
}

// onEach runs a test in a bubble for each engine. Every call of open gives another
// handle of the same database.
func onEach(t *testing.T, run func(t *testing.T, open func() *database.DB)) {
	t.Helper()
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			t.Helper()
			run(t, func() *database.DB { return dbtest.OpenURL(t, url, tables()...) })
		})
	})
}

// emit tells one event of an aggregate in a transaction of its own.
func emit(t testing.TB, db *database.DB, aggregate, body string, options ...events.Option) {
	t.Helper()
	err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		return events.Emit(ctx, tx, events.Key{Aggregate: "thing", ID: aggregate}, wrapperspb.String(body), options...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// emitAll tells events of one aggregate in one transaction.
func emitAll(t testing.TB, db *database.DB, bodies []string) {
	t.Helper()
	err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		for _, b := range bodies {
			if err := events.Emit(ctx, tx, events.Key{Aggregate: "thing", ID: "a"}, wrapperspb.String(b)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

type heard = events.Event[*wrapperspb.StringValue]

// record is the effect of the tests' consumers.
func record(ctx context.Context, tx *database.Tx, consumer string, e heard) error {
	_, err := tx.Exec(ctx, `INSERT INTO test_effects (consumer, event_id, aggregate_id, body, at) VALUES (?, ?, ?, ?, ?)`,
		consumer, e.ID, e.AggregateID, e.Body.GetValue(), database.Micros(tx.DB().Now()))
	return err
}

// recorder subscribes to the tests' events and records each.
func recorder(consumer string) events.Subscription {
	return events.Subscribe(consumer, func(ctx context.Context, tx *database.Tx, e heard) error {
		return record(ctx, tx, consumer, e)
	})
}

// failing subscribes to the tests' events, records each, and then fails as long as fail
// says so.
func failing(consumer string, fail func(e heard) error) events.Subscription {
	return events.Subscribe(consumer, func(ctx context.Context, tx *database.Tx, e heard) error {
		if err := record(ctx, tx, consumer, e); err != nil {
			return err
		}
		return fail(e)
	})
}

// bodies reads the recorded effects of a consumer, sorted.
func bodies(t testing.TB, db *database.DB, consumer string) []string {
	t.Helper()
	return texts(t, db, `SELECT body FROM test_effects WHERE consumer = '`+consumer+`' ORDER BY body`)
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

func execute(t testing.TB, db *database.DB, statement string, args ...any) {
	t.Helper()
	err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// node is what most tests need: one emitter whose events go to the named destinations.
func node(source *database.DB, destinations []string, listeners ...events.Listener) events.Options {
	return events.Options{
		Emitters:  []events.Emitter{{Module: "test", DB: source, Routes: map[string][]string{said: destinations}}},
		Listeners: listeners,
	}
}

func listener(module string, db *database.DB, subs ...events.Subscription) events.Listener {
	return events.Listener{Module: module, DB: db, Subscriptions: subs}
}

// begin makes and starts a node.
func begin(t testing.TB, o events.Options) *events.Node {
	t.Helper()
	n, err := events.NewNode(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return n
}

// start runs a node until the test ends.
func start(t testing.TB, o events.Options) *events.Node {
	t.Helper()
	n := begin(t, o)
	t.Cleanup(func() { stop(t, n) })
	return n
}

func stop(t testing.TB, n *events.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// kill ends a node as the end of its process would: nothing is completed, nothing given
// back.
func kill(n *events.Node) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = n.Stop(ctx)
}

// await waits until the condition holds, at most so long on the clock of the bubble,
// and tells how long it took.
func await(t testing.TB, atMost time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	begun := time.Now()
	for synctest.Wait(); !holds(); synctest.Wait() {
		if time.Since(begun) > atMost {
			t.Fatalf("%s: not after %v", what, atMost)
		}
		<-time.After(10 * time.Millisecond)
	}
	return time.Since(begun)
}

// post is a destination that a test plays: it keeps what it gets, and fails while down
// is set.
type post struct {
	mu   sync.Mutex
	got  []string
	down bool
	// hold, when set, keeps every batch until it is closed or the sender gives up.
	hold chan struct{}
	// sends counts the attempts.
	sends int
}

var errDown = errors.New("nobody there")

func (p *post) Send(ctx context.Context, _ string, batch []events.Envelope) error {
	p.mu.Lock()
	hold := p.hold
	p.sends++
	p.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return errDown
	}
	for _, e := range batch {
		p.got = append(p.got, string(e.Payload[2:])) // past the tag and the length of the one short text
	}
	return nil
}

func (p *post) set(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *post) attempts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sends
}

func (p *post) bodies() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.got...)
}

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%06d", i)
	}
	return out
}
