// Package marks is the table in which every database keeps what has been applied to it:
// a row for each migration, and one for a copy that is being made into it. Packages
// migrate and transfer share it.
package marks

import (
	"context"

	"app/platform/database"
)

// The table and its statements. It belongs to no set of migrations.
const (
	Create = `CREATE TABLE IF NOT EXISTS schema_migrations (
	id VARCHAR(190) NOT NULL PRIMARY KEY,
	checksum VARCHAR(64) NOT NULL,
	started_at BIGINT NOT NULL,
	applied_at BIGINT NOT NULL
)`
	// Insert takes the id, the checksum and the two times.
	Insert = `INSERT INTO schema_migrations (id, checksum, started_at, applied_at) VALUES (?, ?, ?, ?)`
)

// Copying is, while it is among the marks of a database, that of a copy into it that
// has not been completed. Its checksum names the source.
const Copying = "copy/unfinished"

// Mark is what is known of one migration.
type Mark struct {
	Checksum string // of the file
	Started  int64  // microseconds since 1970
	Applied  int64  // likewise; 0 while it has not been completed
}

// Read gives the marks of a database by their ids; one without the table has none.
func Read(ctx context.Context, db *database.DB) (map[string]Mark, error) {
	present := make(map[string]Mark)
	err := db.Inspect(ctx, func(ctx context.Context, q *database.Tx) error {
		return readInto(ctx, q, present)
	})
	if database.IsNoTable(err) {
		return present, nil
	}
	return present, err
}

func readInto(ctx context.Context, q *database.Tx, present map[string]Mark) error {
	rows, err := q.Query(ctx, `SELECT id, checksum, started_at, applied_at FROM schema_migrations WHERE 1 = ?`, 1)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var m Mark
		if err := rows.Scan(&id, &m.Checksum, &m.Started, &m.Applied); err != nil {
			return err
		}
		present[id] = m
	}
	return rows.Err()
}
