package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"app/platform/database"
	"app/platform/database/internal/marks"
)

// applyAllOnSQLite applies each file and its mark in one transaction. SQLite can undo
// DDL, so a kill leaves both or neither; the writer's BEGIN IMMEDIATE keeps other
// processes out, and each file is looked up again inside of it.
func applyAllOnSQLite(ctx context.Context, db *database.DB, all []script) (applied []string, err error) {
	for _, s := range all {
		ran, err := database.Write(ctx, db, func(ctx context.Context, tx *database.Tx) (bool, error) { return applyOnSQLite(ctx, tx, s) })
		if err != nil {
			return applied, fmt.Errorf("migrate %s: %s: %w", db.Module(), s.id, err)
		}
		if ran {
			applied = append(applied, s.id)
		}
	}
	return applied, nil
}

func applyOnSQLite(ctx context.Context, tx *database.Tx, s script) (ran bool, err error) {
	if _, err := tx.Exec(ctx, marks.Create); err != nil {
		return false, err
	}
	var at int64
	err = tx.QueryRow(ctx, `SELECT applied_at FROM schema_migrations WHERE id = ?`, s.id).Scan(&at)
	if !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	if s.replace != nil {
		err = s.replace.onSQLite(ctx, tx)
	} else {
		_, err = tx.Exec(ctx, s.sql)
	}
	if err != nil {
		return false, err
	}
	now := database.Micros(tx.DB().Now())
	_, err = tx.Exec(ctx, marks.Insert, s.id, s.checksum, now, now)
	return true, err
}
