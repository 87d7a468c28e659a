// Package store keeps letters, budgets and whom they are for, suppressed addresses, notices and the development mailbox.
package store

import (
	"embed"
	"errors"
	"io/fs"
	"unicode/utf8"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the module's tables.
var Migrations = mustSub(files, "migrations")

func mustSub(all fs.FS, dir string) fs.FS {
	part, err := fs.Sub(all, dir)
	if err != nil {
		panic(err) // the name is a constant
	}
	return part
}

// Errors of this package.
var (
	// ErrDuplicate is returned when a letter for the same event, template and recipient exists, or the same id.
	ErrDuplicate = errors.New("letter exists")
	// ErrNotFound is returned when there is no such letter, or no such address.
	ErrNotFound = errors.New("not found")
)

// clip shortens a text to what its column holds.
func clip(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	for bytes > 0 && !utf8.RuneStart(s[bytes]) {
		bytes--
	}
	return s[:bytes]
}
