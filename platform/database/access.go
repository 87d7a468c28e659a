package database

import "time"

// DB is the database that the Tx belongs to.
func (t *Tx) DB() *DB { return t.db }

// Now reads the clock that the database was opened with.
func (db *DB) Now() time.Time { return db.now() }
