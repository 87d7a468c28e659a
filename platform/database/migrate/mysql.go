package migrate

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/go-sql-driver/mysql"

	"app/platform/database"
	"app/platform/database/internal/marks"
)

// lockPatience is how many seconds one request for the migration lock waits.
const lockPatience = 5

// applyAllOnMySQL applies the files one by one under a lock that the server drops when
// its holder dies.
//
// MySQL commits DDL at once, so a file and its mark cannot be one transaction. A mark
// with no time is set before the file runs: finding one later means that an earlier run
// died in between, and that "already exists" and its kin then mean the file had been
// applied. Files with data statements share a transaction with their mark.
func applyAllOnMySQL(ctx context.Context, db *database.DB, conn *sql.Conn, all []script) (applied []string, err error) {
	schema := db.Location().Schema
	unlock, err := acquireLock(ctx, conn, schema)
	if err != nil {
		return nil, fmt.Errorf("migrate %s: lock: %w", db.Module(), err)
	}
	defer unlock()
	if err := prepareSchema(ctx, conn, schema); err != nil {
		return nil, fmt.Errorf("migrate %s: %w", db.Module(), err)
	}
	for _, s := range all {
		ran, err := applyOnMySQL(ctx, db, conn, s)
		if err != nil {
			return applied, fmt.Errorf("migrate %s: %s: %w", db.Module(), s.id, err)
		}
		if ran {
			applied = append(applied, s.id)
		}
	}
	return applied, nil
}

func acquireLock(ctx context.Context, conn *sql.Conn, schema string) (unlock func(), err error) {
	name := fmt.Sprintf("migrate.%x", sha256.Sum256([]byte(schema)))[:60]
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
func prepareSchema(ctx context.Context, conn *sql.Conn, schema string) error {
	var collation string
	if err := conn.QueryRowContext(ctx, "SELECT @@collation_database").Scan(&collation); err != nil {
		return err
	}
	if collation != "utf8mb4_bin" {
		if _, err := conn.ExecContext(ctx, "ALTER DATABASE `"+schema+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
			return fmt.Errorf("schema %s has collation %s and must have utf8mb4_bin: %w", schema, collation, err)
		}
	}
	_, err := conn.ExecContext(ctx, marks.Create)
	return err
}

func applyOnMySQL(ctx context.Context, db *database.DB, conn *sql.Conn, s script) (ran bool, err error) {
	var earlier marks.Mark
	err = conn.QueryRowContext(ctx, "SELECT checksum, applied_at FROM schema_migrations WHERE id = ?", s.id).
		Scan(&earlier.Checksum, &earlier.Applied)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = conn.ExecContext(ctx, marks.Insert, s.id, s.checksum, database.Micros(db.Now()), 0)
	case err == nil && earlier.Applied > 0:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, finishOnMySQL(ctx, db, conn, s, earlier.Checksum == s.checksum)
}

// finishOnMySQL runs the file and completes its mark. The transaction matters for data
// statements only: a DDL statement ends it by itself.
func finishOnMySQL(ctx context.Context, db *database.DB, conn *sql.Conn, s script, resumed bool) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if s.replace != nil {
		err = s.replace.onMySQL(ctx, tx, s)
	} else {
		_, err = tx.ExecContext(ctx, s.sql)
	}
	if resumed && isAlreadyDone(err) {
		db.Logger().WarnContext(ctx, "migration had been applied by a run that died", "module", db.Module(), "migration", s.id)
		err = nil
	}
	if err != nil {
		return err
	}
	const complete = "UPDATE schema_migrations SET checksum = ?, applied_at = ? WHERE id = ?"
	if _, err := tx.ExecContext(ctx, complete, s.checksum, database.Micros(db.Now()), s.id); err != nil {
		return err
	}
	return tx.Commit()
}

// isAlreadyDone reports whether DDL failed because its effect is there: the table,
// column, index or constraint exists, or what it drops does not.
func isAlreadyDone(err error) bool {
	var refused *mysql.MySQLError
	return errors.As(err, &refused) && slices.Contains([]uint16{1050, 1060, 1061, 1826, 3822, 1051, 1091}, refused.Number)
}
