// Package store is what the stores of all subjects have in common. A store's functions
// run within a database.Write or Read of the caller, who decides what belongs in one
// transaction; what a caller decides by is named here, the driver's errors stay wrapped.
package store

import (
	"context"
	"errors"
	"fmt"

	"app/platform/database"
	"app/platform/fault"
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

// Exec runs a change that matches any number of rows.
func Exec(ctx context.Context, tx *database.Tx, what, query string, args ...any) error {
	if _, err := tx.Exec(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Texts collects the rows of a query of one text column.
func Texts(ctx context.Context, tx *database.Tx, query string, args ...any) (out []string, err error) {
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

// DeleteEach removes what a query lists, a row at a time: neither engine's DELETE ...
// LIMIT is the other's.
func DeleteEach(ctx context.Context, tx *database.Tx, what, list, remove string, args ...any) (int, error) {
	found, err := Texts(ctx, tx, list, args...)
	if err != nil {
		return 0, fmt.Errorf("list old %s: %w", what, err)
	}
	for _, id := range found {
		if _, err := tx.Exec(ctx, remove, id); err != nil {
			return 0, fmt.Errorf("delete old %s: %w", what, err)
		}
	}
	return len(found), nil
}

// Convert makes what callers work with of rows, in their order; nil of none.
func Convert[R, T any](rows []R, convert func(R) T) (out []T) {
	for _, row := range rows {
		out = append(out, convert(row))
	}
	return out
}

// Missing turns a row that is not there, or not as it has to be, into the answer that
// there is none. Other errors stay.
func Missing(none fault.Reason, err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrChanged) {
		return none.New()
	}
	return err
}

// Fit shortens a text to the characters that its column holds.
func Fit(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i]
		}
		n++
	}
	return text
}
