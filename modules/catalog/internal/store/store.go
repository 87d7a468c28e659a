// Package store is catalog's tables. Its functions run in the transaction they are
// given, change stock by conditional updates only, and return the errors of this
// package; every other error is the database's trouble.
//
// Locks are always taken in one order, so that transactions wait for each other but
// never in a circle: the rows of catalog_holds by order id, then the rows of
// catalog_stock by product id.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"app/platform/database"
)

// Errors of the store.
var (
	ErrDuplicate = errors.New("catalog: exists already")
	ErrNotFound  = errors.New("catalog: not found")
)

// insertRow runs an INSERT and tells a row that is there already apart from other
// failures.
func insertRow(ctx context.Context, tx *database.Tx, what, query string, args ...any) error {
	_, err := tx.Exec(ctx, query, args...)
	if database.IsDuplicate(err) {
		return ErrDuplicate
	}
	return wrapStoreError("insert "+what, err)
}

// updateRow runs an UPDATE and reports whether it matched a row.
func updateRow(ctx context.Context, tx *database.Tx, what, query string, args ...any) (matched bool, err error) {
	result, err := tx.Exec(ctx, query, args...)
	if err != nil {
		return false, fmt.Errorf("update %s: %w", what, err)
	}
	n, err := result.RowsAffected()
	return n > 0, wrapStoreError("update "+what, err)
}

// selectRows reads all rows of a query.
func selectRows[T any](ctx context.Context, tx *database.Tx, what string, scan func(scanner, *T) error, query string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("select %s: %w", what, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var row T
		if err := scan(rows, &row); err != nil {
			return nil, fmt.Errorf("select %s: %w", what, err)
		}
		out = append(out, row)
	}
	return out, wrapStoreError("select "+what, rows.Err())
}

// scanner is one row.
type scanner interface {
	// Scan copies the columns; sql.ErrNoRows when there is no row.
	Scan(dest ...any) error
}

func wrapStoreError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	}
	return fmt.Errorf("%s: %w", what, err)
}

// anyOf ends a query with "(?, ?, ...)" for the keys. The list is filled up to a power
// of two by repeating the last key, so that there are few distinct statements to
// prepare. keys must not be empty.
func anyOf(query string, keys []string) (string, []any) {
	size := 1
	for size < len(keys) {
		size *= 2
	}
	args := make([]any, size)
	for i := range args {
		args[i] = keys[min(i, len(keys)-1)]
	}
	return query + "(" + strings.Repeat("?, ", size-1) + "?)", args
}
