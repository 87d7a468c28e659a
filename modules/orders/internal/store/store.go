// Package store keeps carts and orders. Its functions run within a database.Write or
// Read of the caller, who decides what belongs in one transaction; the driver's errors
// stay inside, what a caller decides by is named here.
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
	// ErrChanged: the row is no longer in the version the change was made for.
	ErrChanged = database.ErrChanged
)
