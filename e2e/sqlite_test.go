package e2e_test

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// vacuumInto copies a SQLite database that may be open elsewhere.
func vacuumInto(t *testing.T, from, to string) {
	t.Helper()
	execute(t, from, `VACUUM INTO '`+to+`'`)
}

// vandalise breaks a copy of a module's database.
func vandalise(t *testing.T, dir, module, statement string) {
	t.Helper()
	execute(t, filepath.Join(dir, module+".db"), statement)
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=ignore_check_constraints(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // its errors were those of the statement
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
