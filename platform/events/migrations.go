package events

import (
	"embed"
	"io/fs"

	"app/platform/database"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the tables that every module's database has: events_outbox,
// events_owed, events_inbox and events_lease.
var Migrations = database.Named("events", mustSubFS(files, "migrations"))

func mustSubFS(all fs.FS, dir string) fs.FS {
	part, err := fs.Sub(all, dir)
	if err != nil {
		panic(err) // the name is a constant
	}
	return part
}
