package dbtest_test

import (
	"context"
	"testing"
	"testing/fstest"

	"app/platform/database"
	"app/platform/database/dbtest"
)

var notes = fstest.MapFS{"0001_create_notes.up.sql": {Data: []byte("CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY)")}}

// TestEachTestHasItsOwnDatabase would meet a duplicate, or the table itself, if two
// tests shared one.
func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"first", "second", "with#1", "with#2", "50%", "100%"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
					_, err := tx.Exec(ctx, "INSERT INTO notes (id) VALUES (?)", 1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}, notes)
		})
	}
}

func TestUserSeesNoOtherSchema(t *testing.T) {
	t.Parallel()
	db := dbtest.OpenURL(t, dbtest.MySQL(t))
	var schemas int // besides those that MySQL shows to everybody
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, "SELECT count(*) FROM information_schema.schemata WHERE schema_name NOT IN (?, ?)",
			"information_schema", "performance_schema").Scan(&schemas)
	})
	if err != nil || schemas != 1 {
		t.Errorf("%d schemas, %v, want its own", schemas, err)
	}
}

// script is like the one that deploys a module's schema.
const script = `-- A comment; with a semicolon.
CREATE DATABASE ` + "`@module@`" + ` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER '@module@'@'%' IDENTIFIED BY '@password@';
GRANT SELECT, INSERT, CREATE, ALTER, UPDATE, DELETE ON ` + "`@module@`.* TO '@module@'@'%';"

func TestAccount(t *testing.T) {
	t.Parallel()
	db := dbtest.OpenURL(t, dbtest.Account(t, "orders", script), notes)
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "DROP TABLE notes")
		return err
	})
	if err == nil {
		t.Error("the account may do what the script did not grant")
	}
}

// What was committed is there after a server was killed.
func TestServerIsKilledAndStarted(t *testing.T) {
	t.Parallel()
	server := dbtest.Start(t)
	location := server.Account(t, "orders", script)
	db := dbtest.OpenURL(t, location, notes)
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO notes (id) VALUES (?)", 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	if err := db.Ping(t.Context()); err == nil {
		t.Error("a server that was killed answers")
	}
	server.Restart(t)
	server.Pause(t)
	server.Resume(t)
	var n int
	err = db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, "SELECT COUNT(*) FROM notes").Scan(&n)
	})
	if err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
}
