package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"app/platform/database/internal/engine"
	"app/platform/database/internal/mysql"
	"app/platform/database/internal/sqlite"
	"app/platform/fault"
)

// fullFor is how long a server counts as full after the last write that it refused:
// whether it has space again only another write can tell.
const fullFor = 5 * time.Second

// refusal is a write that found no space.
type refusal struct {
	at    time.Time
	cause error
}

// isFull reports whether err comes from a disk without space.
func isFull(err error) bool { return sqlite.IsFull(err) || mysql.IsFull(err) }

// noteDiskFull makes of a disk without space what it is for a caller: a database that
// is away, and may be back.
func (db *DB) noteDiskFull(err error) error {
	if err == nil {
		if db.full.Load() != nil {
			db.full.Store(nil)
		}
		return nil
	}
	if !isFull(err) {
		return err
	}
	db.full.Store(&refusal{time.Now(), err})
	var own *fault.Error
	if errors.As(err, &own) {
		return err
	}
	return engine.Unavailable(err)
}

// checkDiskSpace is an error while the disk takes no writes. It finds out by writing
// where that is cheap and harmless.
func (db *DB) checkDiskSpace(ctx context.Context) error {
	refused := db.full.Load()
	switch {
	case refused == nil:
		return nil
	case db.Engine() == SQLite:
		return db.noteDiskFull(db.commitWork(ctx, rewriteVersion))
	case time.Since(refused.at) < fullFor:
		return fmt.Errorf("no space: %w", refused.cause)
	}
	return nil
}

// rewriteVersion writes a page that says what it said before.
func rewriteVersion(ctx context.Context, tx *Tx) error {
	var version int
	if err := tx.QueryRow(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	return err
}
