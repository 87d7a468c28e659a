// Package migrations holds the tables of users: one numbered sequence of SQL files, each
// run once and never edited after it has been released.
package migrations

import "embed"

// Files are the migrations, by name.
//
//go:embed *.sql
var Files embed.FS
