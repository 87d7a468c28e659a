package database

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
)

// lockPatience is how many seconds one request for the migration lock waits.
const lockPatience = 5

// migrate applies the files one by one under a lock that the server drops when its
// holder dies.
//
// MySQL commits DDL at once, so a file and its mark cannot be one transaction. A mark
// with no time is set before the file runs: finding one later means that an earlier run
// died in between, and that "already exists" and its kin then mean the file had been
// applied. Files with data statements share a transaction with their mark.
func (s *mysqlStore) migrate(ctx context.Context, db *DB, all []script) (applied []string, err error) {
	conn, err := s.migrateDB.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", db.module, err)
	}
	defer func() { _ = conn.Close() }()
	unlock, err := s.acquireMigrationLock(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("migrate %s: lock: %w", db.module, err)
	}
	defer unlock()
	if err := s.prepareSchema(ctx, conn); err != nil {
		return nil, fmt.Errorf("migrate %s: %w", db.module, err)
	}
	for _, m := range all {
		ran, err := applyOnMySQL(ctx, db, conn, m)
		if err != nil {
			return applied, fmt.Errorf("migrate %s: %s: %w", db.module, m.id, err)
		}
		if ran {
			applied = append(applied, m.id)
		}
	}
	return applied, nil
}

func (s *mysqlStore) acquireMigrationLock(ctx context.Context, conn *sql.Conn) (unlock func(), err error) {
	name := fmt.Sprintf("migrate.%x", sha256.Sum256([]byte(s.schema)))[:60]
	for {
		var got sql.NullInt64
		if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", name, lockPatience).Scan(&got); err != nil {
			return nil, err
		}
		if got.Int64 == 1 {
			break
		}
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", name)
	}, nil
}

// prepareSchema makes the schema compare text byte by byte, as SQLite does, and makes
// the table of marks.
func (s *mysqlStore) prepareSchema(ctx context.Context, conn *sql.Conn) error {
	var collation string
	if err := conn.QueryRowContext(ctx, "SELECT @@collation_database").Scan(&collation); err != nil {
		return err
	}
	if collation != "utf8mb4_bin" {
		if _, err := conn.ExecContext(ctx, "ALTER DATABASE `"+s.schema+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
			return fmt.Errorf("schema %s has collation %s and must have utf8mb4_bin: %w", s.schema, collation, err)
		}
	}
	_, err := conn.ExecContext(ctx, createMarks)
	return err
}

func applyOnMySQL(ctx context.Context, db *DB, conn *sql.Conn, m script) (ran bool, err error) {
	var earlier mark
	err = conn.QueryRowContext(ctx, "SELECT checksum, applied_at FROM schema_migrations WHERE id = ?", m.id).
		Scan(&earlier.checksum, &earlier.applied)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = conn.ExecContext(ctx, insertMark, m.id, m.checksum, Micros(db.now()), 0)
	case err == nil && earlier.applied > 0:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, finishOnMySQL(ctx, db, conn, m, earlier.checksum == m.checksum)
}

// finishOnMySQL runs the file and completes its mark. The transaction matters for data
// statements only: a DDL statement ends it by itself.
func finishOnMySQL(ctx context.Context, db *DB, conn *sql.Conn, m script, resumed bool) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if m.replace != nil {
		err = m.replace.onMySQL(ctx, tx, m)
	} else {
		_, err = tx.ExecContext(ctx, m.sql)
	}
	if resumed && isAlreadyDone(err) {
		db.logger.WarnContext(ctx, "migration had been applied by a run that died", "module", db.module, "migration", m.id)
		err = nil
	}
	if err != nil {
		return err
	}
	const complete = "UPDATE schema_migrations SET checksum = ?, applied_at = ? WHERE id = ?"
	if _, err := tx.ExecContext(ctx, complete, m.checksum, Micros(db.now()), m.id); err != nil {
		return err
	}
	return tx.Commit()
}

// isAlreadyDone reports whether DDL failed because its effect is there: the table,
// column, index or constraint exists, or what it drops does not.
func isAlreadyDone(err error) bool {
	return hasErrorCode(err, nil, []uint16{1050, 1060, 1061, 1826, 3822, 1051, 1091})
}
