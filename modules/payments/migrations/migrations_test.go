package migrations_test

import (
	"io/fs"
	"strings"
	"testing"

	"app/modules/payments/migrations"
)

// On SQLite a table without rowids is one tree instead of two, which halves the work of
// an insert. That has to be all that its file does differently.
func TestEnginesHaveTheSameTables(t *testing.T) {
	t.Parallel()
	special, err := fs.Glob(migrations.Files, "*.sqlite.up.sql")
	if err != nil || len(special) == 0 {
		t.Fatalf("%d files, %v", len(special), err)
	}
	for _, name := range special {
		got, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := fs.ReadFile(migrations.Files, strings.Replace(name, ".sqlite", "", 1))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Replace(string(got), ") WITHOUT ROWID;", ");", 1) != string(want) {
			t.Errorf("%s differs from the other engine's file in more than WITHOUT ROWID", name)
		}
	}
}
