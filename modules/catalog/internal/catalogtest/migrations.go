package catalogtest

import (
	"io/fs"

	"app/modules/catalog/migrations"
	"app/platform/database"
	"app/platform/events"
	"app/platform/idempotency"
)

// Migrations are all that a database of the module has.
func Migrations() []fs.FS {
	return []fs.FS{
		database.Named("events", events.Migrations), database.Named("http", idempotency.Migrations), migrations.Files,
	}
}
