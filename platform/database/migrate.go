package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// The table of marks. It belongs to no set: the runner makes it.
const (
	createMarks = `CREATE TABLE IF NOT EXISTS schema_migrations (
	id VARCHAR(190) NOT NULL PRIMARY KEY,
	checksum VARCHAR(64) NOT NULL,
	started_at BIGINT NOT NULL,
	applied_at BIGINT NOT NULL
)`
	selectMarks = `SELECT id, checksum, started_at, applied_at FROM schema_migrations WHERE 1 = ?`
	selectMark  = `SELECT applied_at FROM schema_migrations WHERE id = ?`
	insertMark  = `INSERT INTO schema_migrations (id, checksum, started_at, applied_at) VALUES (?, ?, ?, ?)`
)

// Migration is one file of the database's sets and what became of it.
type Migration struct {
	ID string
	// AppliedAt is zero while the migration is pending.
	AppliedAt time.Time
	// Changed tells that the file is no longer the one that was applied.
	Changed bool
}

type mark struct {
	checksum         string
	started, applied int64
}

// Migrate applies what is pending, in order, and returns the ids it applied. Several
// processes may call it at the same time: one applies, the others wait. Being killed at
// any moment leaves a database that the next call completes. Marks of migrations this
// program does not know are left alone, so that an older program runs on a newer
// schema. The error is ErrHalfCopied for a database that Copy has not completed.
//
// The runner is our own because bun's cannot keep this promise: it records a migration
// in a statement of its own before or after running it, so a kill between the two skips
// or repeats the file, and its lock is a row that outlives a killed owner.
func (db *DB) Migrate(ctx context.Context) (applied []string, err error) {
	marks, err := db.appliedMarks(ctx)
	if err != nil {
		return nil, fmt.Errorf("read migrations of %s: %w", db.module, err)
	}
	if _, half := marks[copyMark]; half {
		return nil, ErrHalfCopied
	}
	pending := false
	for _, m := range db.migrationStatus(marks) {
		if m.Changed {
			db.logger.WarnContext(ctx, "migration was edited after it was applied", "module", db.module, "migration", m.ID)
		}
		pending = pending || m.AppliedAt.IsZero()
	}
	if !pending {
		return nil, nil
	}
	return db.store.migrate(ctx, db, db.scripts)
}

// Status lists the migrations in the order they are applied.
func (db *DB) Status(ctx context.Context) ([]Migration, error) {
	marks, err := db.appliedMarks(ctx)
	if err != nil {
		return nil, fmt.Errorf("read migrations of %s: %w", db.module, err)
	}
	return db.migrationStatus(marks), nil
}

func (db *DB) migrationStatus(marks map[string]mark) []Migration {
	list := make([]Migration, 0, len(db.scripts))
	for _, s := range db.scripts {
		m := Migration{ID: s.id}
		if mark, ok := marks[s.id]; ok && mark.applied > 0 {
			m.AppliedAt, m.Changed = Time(mark.applied), mark.checksum != s.checksum
		}
		list = append(list, m)
	}
	return list
}

// appliedMarks reads the table of marks; a database without one has none.
func (db *DB) appliedMarks(ctx context.Context) (map[string]mark, error) {
	marks := make(map[string]mark)
	err := db.store.inspect(ctx, db, func(ctx context.Context, q *Tx) error {
		return readMarks(ctx, q, marks)
	})
	if isNoTable(err) {
		return marks, nil
	}
	return marks, err
}

func readMarks(ctx context.Context, q *Tx, marks map[string]mark) error {
	rows, err := q.Query(ctx, selectMarks, 1)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var m mark
		if err := rows.Scan(&id, &m.checksum, &m.started, &m.applied); err != nil {
			return err
		}
		marks[id] = m
	}
	return rows.Err()
}

// migrate applies each file and its mark in one transaction. SQLite can undo DDL, so a
// kill leaves both or neither; the writer's BEGIN IMMEDIATE keeps other processes out,
// and each file is looked up again inside of it.
func (s *sqliteStore) migrate(ctx context.Context, db *DB, all []script) (applied []string, err error) {
	for _, m := range all {
		ran := false
		err := db.Write(ctx, func(ctx context.Context, tx *Tx) error {
			var err error
			ran, err = applyOnSQLite(ctx, tx, m)
			return err
		})
		if err != nil {
			return applied, fmt.Errorf("migrate %s: %s: %w", db.module, m.id, err)
		}
		if ran {
			applied = append(applied, m.id)
		}
	}
	return applied, nil
}

func applyOnSQLite(ctx context.Context, tx *Tx, m script) (ran bool, err error) {
	if _, err := tx.Exec(ctx, createMarks); err != nil {
		return false, err
	}
	var at int64
	err = tx.QueryRow(ctx, selectMark, m.id).Scan(&at)
	if !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	if m.replace != nil {
		err = m.replace.onSQLite(ctx, tx)
	} else {
		_, err = tx.Exec(ctx, m.sql)
	}
	if err != nil {
		return false, err
	}
	now := Micros(tx.db.now())
	_, err = tx.Exec(ctx, insertMark, m.id, m.checksum, now, now)
	return true, err
}
