// Package migrations holds the tables of payments: one numbered sequence of SQL files, each
// run once and never edited after it has been released.
package migrations

import "embed"

// Files are the migrations, by name. A file NNNN_name.sqlite.up.sql stands in for
// NNNN_name.up.sql on SQLite.
//
//go:embed *.sql
var Files embed.FS
