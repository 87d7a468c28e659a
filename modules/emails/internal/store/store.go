// Package store keeps e-mails, budgets and whom they are for, suppressed addresses,
// notices and the development mailbox.
package store

import (
	"errors"

	"app/platform/text"
)

// Errors of this package.
var (
	// ErrDuplicate is returned when an e-mail for the same event, template and
	// recipient exists, or the same id.
	ErrDuplicate = errors.New("letter exists")
	// ErrNotFound is returned when there is no such e-mail, or no such address.
	ErrNotFound = errors.New("not found")
)

// truncateValidText makes of what others said a text that its column holds.
func truncateValidText(s string, bytes int) string { return text.Cut(text.Valid(s), bytes) }
