// Package store keeps accounts, codes, sessions and keys. Its functions run within a
// database.Write or Read of the caller, who decides what belongs in one transaction;
// what a caller decides by is named here, the driver's errors stay wrapped.
package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"app/platform/database"
)

// Errors that callers decide by.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = database.ErrNotFound
	// ErrDuplicate: a row with this identity is there already.
	ErrDuplicate = database.ErrDuplicate
	// ErrChanged: the row is no longer as the change needs it.
	ErrChanged = database.ErrChanged
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

// execAny runs a change that matches any number of rows.
func execAny(ctx context.Context, tx *database.Tx, what, query string, args ...any) error {
	if _, err := tx.Exec(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// queryTexts collects the rows of a query of one text column.
func queryTexts(ctx context.Context, tx *database.Tx, query string, args ...any) (out []string, err error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names it
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err //nolint:wrapcheck // the caller names it
		}
		out = append(out, s)
	}
	return out, rows.Err() //nolint:wrapcheck // the caller names it
}
