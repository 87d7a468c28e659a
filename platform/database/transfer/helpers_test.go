package transfer_test

import (
	"context"
	"os"
	"testing"
	"testing/fstest"

	"app/platform/database"
	"app/platform/database/dbtest"
)

var things = fstest.MapFS{
	"0001_create_things.up.sql": {Data: []byte(`CREATE TABLE things (id VARCHAR(30) NOT NULL PRIMARY KEY, name VARCHAR(30) NOT NULL UNIQUE)`)},
}

func TestMain(m *testing.M) {
	dbtest.Rehearse = false
	os.Exit(m.Run())
}

func write(t *testing.T, db *database.DB, ids ...string) {
	t.Helper()
	for _, id := range ids {
		execute(t, db, "INSERT INTO things (id, name) VALUES (?, ?)", id, "name of "+id)
	}
}

// thingsIn lists the ids in order.
func thingsIn(t *testing.T, db *database.DB) []string {
	t.Helper()
	ids, err := database.ReadOne(t.Context(), db, func(ctx context.Context, q *database.Tx) (ids []string, err error) {
		rows, err := q.Query(ctx, "SELECT id FROM things WHERE id <> ? ORDER BY id", "")
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		return ids, rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
