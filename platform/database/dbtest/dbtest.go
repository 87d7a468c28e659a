// Package dbtest gives each test a real database of its own.
package dbtest

import (
	"context"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"app/platform/database"
)

// Rehearse makes the databases run all work twice, undoing the first time: see
// database.Options. Tests of what happens how often set it to false before any of them
// runs; benchmarks are left alone.
var Rehearse = true

// Open gives a SQLite database in a temporary folder with the migrations applied. It is
// closed when the test ends.
func Open(t testing.TB, migrations ...fs.FS) *database.DB {
	t.Helper()
	return OpenURL(t, SQLite(t), migrations...)
}

// Each runs the test once per engine, in the parallel sub-tests "sqlite" and "mysql",
// each with a fresh database with the migrations applied. See MySQL for what happens
// without a server.
func Each(t *testing.T, run func(t *testing.T, db *database.DB), migrations ...fs.FS) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) {
		t.Helper()
		run(t, OpenURL(t, url, migrations...))
	})
}

// enginesVariable leaves an engine out of Each and EachURL: "sqlite" is that one only. The
// race detector looks at modules so, whose code is the same on both.
const enginesVariable = "SOUK_TEST_ENGINES"

// EachURL is Each for tests that open the database themselves.
func EachURL(t *testing.T, run func(t *testing.T, url string)) {
	t.Helper()
	engines := map[string]func(testing.TB) string{"sqlite": SQLite, "mysql": MySQL}
	if os.Getenv(enginesVariable) == "sqlite" { //nolint:forbidigo // no program has this package
		delete(engines, "mysql")
	}
	for name, location := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, location(t))
		})
	}
}

// SQLite gives the location of a database file that does not exist yet.
func SQLite(t testing.TB) string {
	t.Helper()
	// A temporary folder has the name of its test, which may hold what means something
	// in a URL, such as #.
	return (&url.URL{Scheme: "sqlite", Path: filepath.ToSlash(filepath.Join(t.TempDir(), "test.db"))}).String()
}

// OpenURL opens and migrates the database at url as module "test" and closes it when
// the test ends.
func OpenURL(t testing.TB, url string, migrations ...fs.FS) *database.DB {
	t.Helper()
	ctx := context.Background()
	_, measured := t.(*testing.B)
	db, err := database.Open(ctx, database.Options{Module: "test", URL: url, Migrations: migrations, Rehearse: Rehearse && !measured})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	applyMigrations(t, db, url, migrations)
	return db
}
