// Package eventstest is the ground on which the tests of the events packages stand: a
// database with the tables of events and of effects, consumers that record what they
// handled, nodes, and a destination that a test plays.
package eventstest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
)

// SettleTime is long enough, on the clock of a bubble, for everything that can succeed
// to have done so.
const SettleTime = time.Minute

// Type is the type of the tests' events.
var Type = events.TypeOf(&wrapperspb.StringValue{})

// effects is what the tests' consumers write: a row for each time that a handler's work
// was committed.
var effects = fstest.MapFS{"0001_create_effects.up.sql": {Data: []byte(`CREATE TABLE test_effects
	(consumer VARCHAR(100) NOT NULL, event_id VARCHAR(36) NOT NULL, aggregate_id VARCHAR(100) NOT NULL, body VARCHAR(100) NOT NULL, at BIGINT NOT NULL)`)}}

// Tables are the migrations of the tests' databases.
func Tables() []fs.FS { return []fs.FS{events.Migrations, effects} }

// Open gives a database that the test need not close.
func Open(t testing.TB) *database.DB {
	t.Helper()
	return dbtest.Open(t, Tables()...)
}

// Main runs the tests of a package whose consumers count how often they are called: no
// work on a database is rehearsed.
func Main(m *testing.M) {
	dbtest.Rehearse = false
	os.Exit(m.Run())
}

// InBubble runs a parallel test on the clock of a bubble: whoever waits for time waits
// for nobody else.
func InBubble(t *testing.T, run func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, run)
}

// OnEach runs a test in a bubble for each engine. Every call of open gives another
// handle of the same database.
func OnEach(t *testing.T, run func(t *testing.T, open func() *database.DB)) {
	t.Helper()
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			t.Helper()
			run(t, func() *database.DB { return dbtest.OpenURL(t, url, Tables()...) })
		})
	})
}

// Emit emits one event of an aggregate in a transaction of its own.
func Emit(t testing.TB, db *database.DB, aggregate, body string, options ...events.Option) {
	t.Helper()
	err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		return events.Emit(ctx, tx, events.Key{Aggregate: "thing", ID: aggregate}, wrapperspb.String(body), options...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// EmitAll emits events of one aggregate in one transaction.
func EmitAll(t testing.TB, db *database.DB, bodies []string) {
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

// Bodies reads the recorded effects of a consumer, sorted.
func Bodies(t testing.TB, db *database.DB, consumer string) []string {
	t.Helper()
	return Texts(t, db, `SELECT body FROM test_effects WHERE consumer = '`+consumer+`' ORDER BY body`)
}

// Count gives the number of rows of a table, or of its rows WHERE something holds.
func Count(t testing.TB, db *database.DB, from string) string {
	t.Helper()
	return Texts(t, db, `SELECT COUNT(*) FROM `+from)[0]
}

// Texts reads the one column of a query.
func Texts(t testing.TB, db *database.DB, query string) (out []string) {
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

// Execute changes the database behind the back of whoever uses it.
func Execute(t testing.TB, db *database.DB, statement string, args ...any) {
	t.Helper()
	err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Await waits until the condition holds, at most so long on the clock of the bubble,
// and returns how long it took.
func Await(t testing.TB, atMost time.Duration, what string, holds func() bool) time.Duration {
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

// AwaitCount waits, at most SettleTime, until a table has so many rows; see Count.
func AwaitCount(t testing.TB, what string, db *database.DB, from, want string) {
	t.Helper()
	Await(t, SettleTime, what, func() bool { return Count(t, db, from) == want })
}

// Numbered makes the bodies of n events, which sort in this order.
func Numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%06d", i)
	}
	return out
}
