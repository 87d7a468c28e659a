// Package databases finds the databases of modules where the configuration says, and
// opens, migrates and copies them.
package databases

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/config"
	"app/platform/database"
	"app/platform/database/migrate"
	"app/platform/events"
	"app/platform/host/setup"
	"app/platform/idempotency"
)

// Opener opens the databases of the modules of one process.
type Opener struct {
	Environment config.Environment
	DataDir     string
	Now         func() time.Time
	Logger      *slog.Logger
	Metrics     prometheus.Registerer // nil for none
	Rehearse    bool                  // see database.Options
}

// Options are those of a module's database at the place that is configured. migrations
// are the module's own; the platform's tables come before them.
func (o Opener) Options(module string, migrations fs.FS) (database.Options, error) {
	url, err := o.url(module)
	if err != nil {
		return database.Options{}, setup.Join(err)
	}
	return database.Options{
		Module: module, URL: url, DataDir: o.DataDir, Now: o.Now, Logger: o.Logger.With("module", module),
		Migrations: []fs.FS{database.Named("events", events.Migrations), database.Named("http", idempotency.Migrations), migrations},
		Metrics:    o.Metrics, Rehearse: o.Rehearse,
	}, nil
}

func (o Opener) url(module string) (string, error) {
	return o.Environment.Get(config.ModuleVariable(module, "DATABASE_URL"))
}

// Open opens the database of a module. What is wrong with a file is the operator's to
// mend, a *setup.Error; a server may come back.
func (o Opener) Open(ctx context.Context, module string, migrations fs.FS) (*database.DB, error) {
	options, err := o.Options(module, migrations)
	if err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, options)
	if err == nil {
		return db, nil
	}
	err = fmt.Errorf("open the database of %s: %w", module, err)
	if place, bad := database.ParseURL(options.URL, o.DataDir, module); ctx.Err() == nil && (bad != nil || place.Engine == database.SQLite) {
		return nil, setup.Join(err)
	}
	return nil, err
}

// OpenMigrated is Open with every migration applied.
func (o Opener) OpenMigrated(ctx context.Context, module string, migrations fs.FS) (*database.DB, error) {
	db, err := o.Open(ctx, module, migrations)
	if err != nil {
		return nil, err
	}
	if _, err := migrate.Up(ctx, db); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("migrate the database of %s: %w", module, err)
	}
	return db, nil
}

// Exists reports whether there is anything to open without making it.
func (o Opener) Exists(module string) bool {
	url, _ := o.url(module)
	place, err := database.ParseURL(url, o.DataDir, module)
	if err != nil || place.Engine != database.SQLite {
		return true // a bad URL is reported by opening it
	}
	_, err = os.Stat(place.Path)
	return !errors.Is(err, fs.ErrNotExist)
}
