package database

import "time"

// Patient lets callers of Write on SQLite share a commit however long the machine takes
// between two of them.
func Patient(db *DB) {
	if s, ok := db.store.(*sqliteStore); ok {
		s.writer.hold = time.Hour
	}
}
