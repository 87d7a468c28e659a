// Package store keeps payments, refunds and webhooks. Its functions run within a
// database.Write or Read of the caller, who decides what belongs in one transaction;
// the driver's errors stay inside, what a caller decides by is named here.
package store

import (
	"app/platform/database"
)

// Errors that callers decide by.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = database.ErrNotFound
	// ErrDuplicate: a row with this identity is there already.
	ErrDuplicate = database.ErrDuplicate
	// ErrChanged: the row is no longer what the change was made for.
	ErrChanged = database.ErrChanged
)

// scanner is one row of an answer.
type scanner interface{ Scan(dest ...any) error }
