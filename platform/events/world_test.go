package events_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/events"
)

// said is the type of the test's events.
var said = events.TypeOf(&wrapperspb.StringValue{})

// effects is what the test's consumers write: a row for each time that a handler's work was committed.
var effects = fstest.MapFS{"0001_create_effects.up.sql": {Data: []byte(
	`CREATE TABLE test_effects (consumer VARCHAR(100) NOT NULL, event_id VARCHAR(36) NOT NULL, aggregate_id VARCHAR(100) NOT NULL, body VARCHAR(100) NOT NULL, at BIGINT NOT NULL)`)}}

func tables() []fs.FS { return []fs.FS{events.Migrations, effects} }

func open(t testing.TB) *database.DB {
	t.Helper()
	return dbtest.Open(t, tables()...)
}

// emit tells one event of an aggregate in a transaction of its own.
func emit(t testing.TB, db *database.DB, aggregate, body string) {
	t.Helper()
	err := db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		return events.Emit(ctx, tx, events.Key{Aggregate: "thing", ID: aggregate}, wrapperspb.String(body))
	})
	if err != nil {
		t.Fatal(err)
	}
}

type heard = events.Event[*wrapperspb.StringValue]

// record is the effect of the test's consumers.
func record(ctx context.Context, tx *database.Tx, consumer string, e heard) error {
	_, err := tx.Exec(ctx, `INSERT INTO test_effects (consumer, event_id, aggregate_id, body, at) VALUES (?, ?, ?, ?, ?)`,
		consumer, e.ID, e.AggregateID, e.Body.GetValue(), database.Micros(tx.DB().Now()))
	return err
}

// recorder hears the test's events and records each.
func recorder(consumer string) events.Subscription {
	return events.Hear(consumer, func(ctx context.Context, tx *database.Tx, e heard) error {
		return record(ctx, tx, consumer, e)
	})
}

// bodies reads the recorded effects of a consumer in the order of their commits.
func bodies(t testing.TB, db *database.DB, consumer string) []string {
	t.Helper()
	return texts(t, db, `SELECT body FROM test_effects WHERE consumer = '`+consumer+`' ORDER BY at, body`)
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

// start runs a node until the test ends.
func start(t testing.TB, o events.Options) *events.Node {
	t.Helper()
	n, err := events.NewNode(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := n.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return n
}

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%06d", i)
	}
	return out
}
