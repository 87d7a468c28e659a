package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What stores tell their callers instead of the driver's errors.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate: a row with this identity is there already.
	ErrDuplicate = errors.New("duplicate")
	// ErrChanged: the row is no longer what the change was made for.
	ErrChanged = errors.New("changed meanwhile")
)

// Found names the error of a look-up of one row: ErrNotFound, or what could not be read
// and why.
func Found(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	default:
		return fmt.Errorf("read %s: %w", what, err)
	}
}

// Inserted names the error of an insert: ErrDuplicate, or what could not be inserted
// and why.
func Inserted(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case IsDuplicate(err):
		return ErrDuplicate
	default:
		return fmt.Errorf("insert %s: %w", what, err)
	}
}

// One runs an update or a delete that must match exactly one row, else ErrChanged. what
// begins the text of other errors.
func (t *Tx) One(ctx context.Context, what, query string, args ...any) error {
	result, err := t.Exec(ctx, query, args...)
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

// ForUpdate is what makes the rows of a SELECT before it stay as they are until the end
// of the transaction. SQLite has one writer at a time anyway.
func (t *Tx) ForUpdate() string {
	if t.Engine() == MySQL {
		return " FOR UPDATE"
	}
	return ""
}

// InsertMany inserts rows of the given width in few statements: into is the statement
// up to VALUES, args are the values of all rows. The batches are powers of two, so that
// a handful of prepared statements serves any number of rows.
func (t *Tx) InsertMany(ctx context.Context, into string, width int, args []any) error {
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	for batch := 64; len(args) > 0; batch /= 2 {
		for ; len(args) >= batch*width; args = args[batch*width:] {
			query := into + " VALUES " + strings.Repeat(row+",", batch-1) + row
			if _, err := t.Exec(ctx, query, args[:batch*width]...); err != nil {
				return err
			}
		}
	}
	return nil
}

// NullMicros is Micros for a time that may be absent: NULL for the zero time.
func NullMicros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return Micros(t)
}

// NullTime is Time for a time that may be absent: the zero time for NULL.
func NullTime(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return Time(us.Int64)
}
