package database

import (
	"time"

	"app/platform/database/internal/sqlite"
)

// Patient lets callers of Write on SQLite share a commit however long the machine takes
// between two of them.
func Patient(db *DB) {
	if s, ok := db.store.(*sqlite.Store); ok {
		s.HoldBatches(time.Hour)
	}
}
