// Package store keeps carts and orders. Its functions run within a database.Write or Read of the caller, who decides
// what belongs in one transaction; the driver's errors stay inside, what a caller decides by is named here.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"app/platform/database"
)

// Errors that callers decide by.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate: a row with this identity is there already.
	ErrDuplicate = errors.New("duplicate")
	// ErrChanged: the row is no longer in the version the change was made for.
	ErrChanged = errors.New("changed meanwhile")
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations holds the module's tables.
func Migrations() fs.FS {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// scanner is one row of an answer.
type scanner interface{ Scan(dest ...any) error }

// found names the error of a look-up.
func found(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	default:
		return fmt.Errorf("read %s: %w", what, err)
	}
}

// inserted names the error of an insert.
func inserted(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case database.IsDuplicate(err):
		return ErrDuplicate
	default:
		return fmt.Errorf("insert %s: %w", what, err)
	}
}

// one runs an update that must match exactly one row, else ErrChanged.
func one(ctx context.Context, tx *database.Tx, what, query string, args ...any) error {
	result, err := tx.Exec(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n != 1 {
		return ErrChanged
	}
	return nil
}

// lock makes a look-up keep its row until the end of the transaction. SQLite has one writer at a time anyway.
func lock(tx *database.Tx) string {
	if tx.Engine() == database.MySQL {
		return " FOR UPDATE"
	}
	return ""
}

// insertMany inserts rows of the given width in few statements. The batches are powers of two, so that a handful of
// prepared statements serves any number of rows.
func insertMany(ctx context.Context, tx *database.Tx, into string, width int, args []any) error {
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	for batch := 64; len(args) > 0; batch /= 2 {
		for ; len(args) >= batch*width; args = args[batch*width:] {
			query := into + " VALUES " + strings.Repeat(row+",", batch-1) + row
			if _, err := tx.Exec(ctx, query, args[:batch*width]...); err != nil {
				return err //nolint:wrapcheck // the caller names what was inserted
			}
		}
	}
	return nil
}

// maybe stores a time that may be absent.
func maybe(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return database.Micros(t)
}

// timeOf reads a time that may be absent.
func timeOf(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return database.Time(us.Int64)
}
