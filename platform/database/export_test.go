package database

import (
	"context"
	"time"
)

// Patient lets callers of Write on SQLite share a commit however long the machine takes
// between two of them.
func Patient(db *DB) {
	if s, ok := db.store.(*sqliteStore); ok {
		s.writer.hold = time.Hour
	}
}

// ReadingOn is the statement by which a copy reads a table on from a row with the
// values of the key.
func ReadingOn(ctx context.Context, db *DB, name string, key ...any) (query string, args []any, err error) {
	all, err := readTables(ctx, db)
	for _, t := range all {
		if t.name == name {
			query, args = t.selectAfterKey(db.engine, key, 10)
		}
	}
	return query, args, err
}
