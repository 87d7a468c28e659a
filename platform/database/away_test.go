package database_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/fault"
)

// grants is what the tests' account on a server of their own may do.
const grants = "CREATE DATABASE `@module@` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n" +
	"CREATE USER '@module@'@'%' IDENTIFIED BY '@password@';\nGRANT ALL ON `@module@`.* TO '@module@'@'%';"

// onItsOwnServer opens a database with one thing in it, on a server that the test may
// kill.
func onItsOwnServer(t *testing.T) (*dbtest.Server, *database.DB) {
	t.Helper()
	server := dbtest.Start(t)
	db := dbtest.OpenURL(t, server.Account(t, "orders", grants), things)
	write(t, db, "first")
	return server, db
}

func count(ctx context.Context, db *database.DB) (n int, err error) {
	err = db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, "SELECT COUNT(*) FROM things").Scan(&n)
	})
	return n, err
}

func add(ctx context.Context, db *database.DB, id string) error {
	return db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return insert(ctx, tx, id) })
}

// away checks that an error is a server's absence: to be tried again, and when.
func away(t *testing.T, what string, err error) {
	t.Helper()
	if fault.CodeOf(err) != fault.Unavailable || fault.From(err).RetryAfter <= 0 || !database.IsAway(err) {
		t.Errorf("%s: %v, want it unavailable with a hint when to try again", what, err)
	}
}

// back waits until the database is used again, by nobody's doing but its own.
func back(t *testing.T, db *database.DB) {
	t.Helper()
	await(t, func() bool { _, err := count(t.Context(), db); return err == nil })
	await(t, func() bool { return db.Ping(t.Context()) == nil })
	write(t, db, "last")
}

func TestKilledServer(t *testing.T) {
	t.Parallel()
	server, db := onItsOwnServer(t)
	server.Kill(t)
	_, err := count(t.Context(), db)
	away(t, "a read", err)
	away(t, "a write", add(t.Context(), db, "second"))
	if err := db.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("ping: %v, want the reason", err)
	}
	server.Restart(t)
	back(t, db)
}

// A server whose connections stay open and which says nothing would keep its callers
// for as long as they wait.
func TestServerThatHangs(t *testing.T) {
	t.Parallel()
	server, db := onItsOwnServer(t)
	begun, paused, half := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		half <- db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			if err := insert(ctx, tx, "half"); err != nil {
				return err
			}
			close(begun)
			<-paused
			return insert(ctx, tx, "other half")
		})
	}()
	<-begun
	server.Pause(t)
	close(paused)
	_, err := count(context.Background(), db)
	away(t, "a read", err)
	away(t, "a write that had begun", <-half)
	err = db.Write(context.Background(), func(context.Context, *database.Tx) error {
		t.Error("work was begun on a server known to be away")
		return nil
	})
	away(t, "a write", err)
	if err := db.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer: no answer") {
		t.Errorf("ping: %v, want what is known", err)
	}
	server.Resume(t)
	back(t, db)
	if n, err := count(t.Context(), db); err != nil || n != 2 {
		t.Errorf("%d things, %v, want the first and the last", n, err)
	}
}

// To wait for a row is no sign of a server that hangs.
func TestLongWaitForARowIsNotCutOff(t *testing.T) {
	t.Parallel()
	db := dbtest.OpenURL(t, dbtest.MySQL(t), things)
	write(t, db, "row")
	held, free, first, second := make(chan struct{}), make(chan struct{}), make(chan error, 1), make(chan error, 1)
	go func() {
		first <- db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			err := touch(ctx, tx, "row")
			close(held)
			<-free
			return err
		})
	}()
	<-held
	go func() {
		second <- db.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error { return touch(ctx, tx, "row") })
	}()
	select {
	case err := <-second:
		t.Errorf("the second write ended before the first: %v", err)
	case <-time.After(2 * time.Second): // long enough to be asked after several times
	}
	close(free)
	if err := <-first; err != nil {
		t.Errorf("the write that held the row: %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the write that waited: %v", err)
	}
}
