package database_test

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"app/platform/database"
)

// things is a table with every kind of constraint.
var things = fstest.MapFS{
	"0001_create_things.up.sql": {Data: []byte(`CREATE TABLE things (
		id VARCHAR(30) NOT NULL PRIMARY KEY,
		name VARCHAR(30) NOT NULL UNIQUE,
		n BIGINT NOT NULL CHECK (n >= 0)
	)`)},
}

var (
	errRefused = errors.New("refused by the caller's own rule")
	errGoexit  = errors.New("the goroutine ended")
)

func openAt(t *testing.T, url string, sets ...fs.FS) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Options{Module: "test", URL: url, Migrations: sets})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

const insertThing = "INSERT INTO things (id, name, n) VALUES (?, ?, ?)"

func insert(ctx context.Context, tx *database.Tx, id string) error {
	_, err := tx.Exec(ctx, insertThing, id, "name of "+id, 1)
	return err
}

func write(t *testing.T, db *database.DB, ids ...string) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		for _, id := range ids {
			if err := insert(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// thingsIn lists the committed ids in order.
func thingsIn(t *testing.T, db *database.DB) []string {
	t.Helper()
	ids := []string{}
	err := db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		rows, err := q.Query(ctx, "SELECT id FROM things WHERE n >= ? ORDER BY id", 0)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// together runs the works so that they wait at the same time: on SQLite they share a
// batch.
func together(t *testing.T, db *database.DB, works ...database.Work) []error {
	t.Helper()
	database.Patient(db)
	release := block(t, db)
	errs := make([]error, len(works))
	var all sync.WaitGroup
	for i, work := range works {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = panicked{p}
				}
			}()
			errs[i] = errGoexit
			errs[i] = db.Write(context.Background(), work)
		})
		if db.Engine() == database.SQLite {
			await(t, func() bool { return db.Stats().Waiting == i+1 })
		}
	}
	_ = release() // when the batch fails, it fails too
	all.Wait()
	return errs
}

type panicked struct{ value any }

func (p panicked) Error() string { return "panicked" }

// block occupies the writer until release is called.
func block(t *testing.T, db *database.DB) (release func() error) {
	t.Helper()
	started, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	begun := sync.OnceFunc(func() { close(started) })
	go func() {
		done <- db.Write(context.Background(), func(context.Context, *database.Tx) error {
			begun()
			<-free
			return nil
		})
	}()
	<-started
	return func() error {
		close(free)
		return <-done
	}
}

// await waits for a condition that another goroutine brings about.
func await(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
		runtime.Gosched()
	}
}
