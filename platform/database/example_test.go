package database_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"testing/fstest"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/database/migrate"
)

type noteRow struct {
	bun.BaseModel `bun:"table:notes,alias:n"`

	ID        string             `bun:"id,pk"`
	Text      string             `bun:"text"`
	CreatedAt database.Timestamp `bun:"created_at"`
	ReadAt    database.Timestamp `bun:"read_at,nullzero"` // NULL until it is read
}

var notes = database.ModelOf[noteRow]()

func openNotes() (*database.DB, func()) {
	folder, err := os.MkdirTemp("", "notes")
	if err != nil {
		panic(err)
	}
	db, err := database.Open(context.Background(), database.Options{Module: "notes", DataDir: folder, Migrations: []fs.FS{fstest.MapFS{
		"0001_create_notes.up.sql": {Data: []byte(`CREATE TABLE notes (id VARCHAR(40) NOT NULL PRIMARY KEY,
			text VARCHAR(200) NOT NULL, created_at BIGINT NOT NULL, read_at BIGINT)`)}}}})
	if err != nil {
		panic(err)
	}
	if _, err := migrate.Up(context.Background(), db); err != nil {
		panic(err)
	}
	return db, func() { _, _ = db.Close(), os.RemoveAll(folder) }
}

// A row type serves the prepared statements of its Model and the queries that bun
// builds.
func ExampleModelOf() {
	db, done := openNotes()
	defer done()
	ctx := context.Background()
	err := db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return notes.Insert(ctx, tx, "note", noteRow{ID: "not_1", Text: "Buy milk", CreatedAt: database.Timestamp{Time: time.Unix(0, 0)}})
	})
	if err != nil {
		fmt.Println(err)
	}
	row, err := database.Read(ctx, db, func(ctx context.Context, q *database.Tx) (noteRow, error) {
		return notes.Get(ctx, q, "note", "WHERE n.id = ?", "not_1")
	})
	fmt.Println(row.Text, row.CreatedAt, row.ReadAt.IsZero(), err)

	unread, err := database.Read(ctx, db, func(ctx context.Context, q *database.Tx) (int64, error) {
		return q.Bun().NewSelect().Model((*noteRow)(nil)).Where("n.read_at IS NULL").Count(ctx)
	})
	fmt.Println(unread, "unread", err)
	// Output:
	// Buy milk 1970-01-01 00:00:00 +0000 UTC true <nil>
	// 1 unread <nil>
}
