package dbtest_test

import (
	"context"
	"testing"
	"testing/fstest"

	"app/platform/database"
	"app/platform/database/dbtest"
)

var notes = fstest.MapFS{"0001_create_notes.up.sql": {Data: []byte("CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY)")}}

// TestEachTestHasItsOwnDatabase would meet a duplicate, or the table itself, if two tests shared one.
func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"first", "second"} {
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
	var schemas int
	err := db.Read(t.Context(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, "SELECT count(*) FROM information_schema.schemata WHERE schema_name <> ?", "information_schema").Scan(&schemas)
	})
	if err != nil || schemas != 1 {
		t.Errorf("%d schemas, %v, want its own", schemas, err)
	}
}
