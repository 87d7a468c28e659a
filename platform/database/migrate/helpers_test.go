package migrate_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"app/platform/database"
	"app/platform/database/dbtest"
	"app/platform/database/migrate"
)

var things = fstest.MapFS{
	"0001_create_things.up.sql": {Data: []byte(`CREATE TABLE things (id VARCHAR(30) NOT NULL PRIMARY KEY, name VARCHAR(30) NOT NULL UNIQUE)`)},
}

// urlVariable makes the test binary a process that migrates the database there.
const urlVariable = "MIGRATE_TEST_URL"

func TestMain(m *testing.M) {
	dbtest.Rehearse = false
	url := os.Getenv(urlVariable) //nolint:forbidigo // how this binary speaks to itself
	if url == "" {
		os.Exit(m.Run())
	}
	if err := migrateAll(context.Background(), url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// migrateAll tells what it applied.
func migrateAll(ctx context.Context, url string) error {
	db, err := database.Open(ctx, database.Options{Module: "test", URL: url, Migrations: []fs.FS{longSet}})
	if err != nil {
		return err
	}
	applied, err := migrate.Up(ctx, db)
	fmt.Println(strings.Join(applied, "\n"))
	return err
}

// process starts another process that migrates; it is killed when the test ends.
func process(t *testing.T, url string) (cmd *exec.Cmd, stdout io.Reader) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), urlVariable+"="+url) //nolint:forbidigo // it needs PATH and TMPDIR
	cmd.Stderr = new(bytes.Buffer)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, stdout
}

func write(t *testing.T, db *database.DB, ids ...string) {
	t.Helper()
	err := db.Write(t.Context(), func(ctx context.Context, tx *database.Tx) error {
		for _, id := range ids {
			if _, err := tx.Exec(ctx, "INSERT INTO things (id, name) VALUES (?, ?)", id, "name of "+id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func openAt(t *testing.T, url string, sets ...fs.FS) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Options{Module: "test", URL: url, Migrations: sets})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
