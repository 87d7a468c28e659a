package database

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database/internal/mysql"
	"app/platform/database/internal/sqlite"
)

// Options say which database to open and what belongs in it.
type Options struct {
	// Module owns the database; it names the default file and marks the context of a
	// Write.
	Module string
	// URL is one of "" (the file <DataDir>/<Module>.db), "sqlite:///absolute/path.db",
	// "sqlite:relative/path.db" or "mysql://user:password@host:3306/schema?tls=true".
	// See ParseURL for the parameters.
	URL string
	// DataDir is the folder of the default file, "data" when empty. It is made when
	// missing, readable by its owner only.
	DataDir string
	// Migrations are sets of files, platform sets first, then the module's, which
	// package migrate applies: see there how they are written.
	Migrations []fs.FS
	// Logger receives warnings; nil discards them.
	Logger *slog.Logger
	// Now is the clock for times of migration; nil means time.Now.
	Now func() time.Time
	// Readers bounds the number of queries that run at the same time on SQLite (default
	// 4) and the number of connections on MySQL (default 16 for reading, as many for
	// writing).
	Readers int
	// Metrics is where souk_database_* is registered; nowhere when nil. One database of
	// a module at a time.
	Metrics prometheus.Registerer

	// Rehearse makes Write run everything twice, undoing the first time: for tests that
	// work can be repeated.
	Rehearse bool

	alone bool // see OpenAlone
}

// Open opens the database, making a SQLite file that does not exist; it does not
// migrate. The error is one line that names the file or the server and never a
// password.
func Open(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	place, err := o.Location()
	if err != nil {
		return nil, err
	}
	meter := newMeter(o.Metrics, o.Module)
	db := &DB{module: o.Module, place: place, sets: o.Migrations, meter: meter, logger: o.Logger, now: o.Now, rehearse: o.Rehearse}
	if db.store, err = openStore(ctx, place, o, meter); err != nil {
		return nil, err
	}
	if err = meter.register(db.Stats); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func openStore(ctx context.Context, place Location, o Options, meter *meter) (store, error) {
	if place.Engine == MySQL {
		return mysql.Open(ctx, place.server(), mysql.Options{Conns: o.Readers, Logger: o.Logger, Observer: meter})
	}
	options := sqlite.Options{Path: place.Path, Module: o.Module, Readers: o.Readers, Observer: meter}
	if o.alone {
		options.Alone, options.Patience = true, aloneFor
	}
	return sqlite.Open(ctx, options)
}

// Location is where these options have the database.
func (o Options) Location() (Location, error) {
	o = o.withDefaults()
	return ParseURL(o.URL, o.DataDir, o.Module)
}

func (o Options) withDefaults() Options {
	if o.Module == "" {
		o.Module = "app"
	}
	if o.DataDir == "" {
		o.DataDir = "data"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
