package catalogtest

import (
	"io/fs"

	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/events"
	"app/platform/httpserver"
)

// Migrations are all that a database of the module has.
func Migrations() []fs.FS {
	return []fs.FS{
		database.Named("events", events.Migrations), database.Named("http", httpserver.IdempotencyMigrations), migrations.Files,
	}
}
