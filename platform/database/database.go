// Package database is the only way to a module's tables. Every module has a database of
// its own: a SQLite file by default, a schema on a MySQL server when it is configured.
// Write is the only way to change data and Read the only way to query it; both behave
// alike on the two engines:
//
//   - what Write returned nil for survives a crash of the process and a loss of power
//     (SQLite: WAL with synchronous=FULL; MySQL: whatever the server promises for a
//     commit);
//   - a Read is one snapshot: all its statements see the state that was committed when
//     the first of them started;
//   - the isolation of a Write to count on is READ COMMITTED: every statement sees its
//     own snapshot, so two statements may see two states. SQLite callers run one after
//     another, MySQL callers side by side: guard invariants with conditions in the
//     UPDATE and constraints in the schema, never by reading first;
//   - an UPDATE counts the rows it matched, not the rows it changed;
//   - a second statement is refused while the rows of an earlier one are open.
//
// The SQL must be in the subset both engines accept. Package migrate makes the tables,
// and package transfer copies them, from one engine to the other if need be.
package database

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"

	"app/platform/callctx"
)

// Engine names the kind of server behind a DB.
type Engine string

// The engines.
const (
	SQLite Engine = "sqlite"
	MySQL  Engine = "mysql"
)

var (
	// ErrNested is returned by Write when it is called from within a Write: the inner
	// one could neither see the outer's changes nor be undone with it.
	ErrNested = errors.New("database: write inside a write")
	// ErrClosed is returned by every call after Close.
	ErrClosed = errors.New("database: closed")
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

// Work is the body of a Write or a Read. It must use the context and the Tx it is
// given, and neither after it returned.
type Work func(ctx context.Context, tx *Tx) error

// Stats counts what happened since Open.
type Stats struct {
	Writes  uint64 // calls of Write whose changes were committed
	Commits uint64 // commits they took: fewer than Writes where callers shared one
	Retries uint64 // times that work ran again: MySQL asked for it, or on SQLite another caller's failure undid it
	Waiting int    // callers of Write that wait for their turn now (SQLite) or for a connection (MySQL)
}

// store is what an engine does for a DB; sqliteStore and mysqlStore are the two.
type store interface {
	// write runs fn in a transaction and returns after its commit or its rollback.
	write(ctx context.Context, db *DB, fn Work) error
	// read runs fn on a connection that refuses changes, all of it in one snapshot.
	read(ctx context.Context, db *DB, fn Work) error
	// readOne runs fn on such a connection with one statement at most.
	readOne(ctx context.Context, db *DB, fn Work) error
	// maintenanceConn is a connection whose statements take the time they take;
	// errors.ErrUnsupported on an engine where all of them do.
	maintenanceConn(ctx context.Context) (*sql.Conn, error)
	// inspect is read on the connection that is open anyway: used at start, when every
	// connection costs time.
	inspect(ctx context.Context, db *DB, fn Work) error
	ping(ctx context.Context) error
	stats() Stats
	builder() *bun.DB
	close() error
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	module string
	place  Location
	store  store
	sets   []fs.FS // of migrations
	meter  *meter
	logger *slog.Logger
	now    func() time.Time

	rehearse bool
	full     atomic.Pointer[refusal] // the last write that found no space, nil once there is some

	closeOnce sync.Once
	closeErr  error
	bunOnce   sync.Once
	bun       *bun.DB
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
	db := &DB{module: o.Module, place: place, sets: o.Migrations, logger: o.Logger, now: o.Now, rehearse: o.Rehearse}
	if place.Engine == MySQL {
		db.store, err = openMySQL(ctx, place, o)
	} else {
		db.store, err = openSQLite(ctx, place.Path, o)
	}
	if err != nil {
		return nil, err
	}
	if db.meter, err = newMeter(o.Metrics, o.Module, db.store.stats); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
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

// Engine tells which engine the database runs on.
func (db *DB) Engine() Engine { return db.place.Engine }

// Location is where the database lives.
func (db *DB) Location() Location { return db.place }

// Migrations are the sets that the database was opened with.
func (db *DB) Migrations() []fs.FS { return db.sets }

// Logger is where the database sends its warnings.
func (db *DB) Logger() *slog.Logger { return db.logger }

// Module names the owner of the database.
func (db *DB) Module() string { return db.module }

// Now reads the clock that the database was opened with.
func (db *DB) Now() time.Time { return db.now() }

// Ping reports whether the database answers, and takes writes again if it has refused
// one for lack of space.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.checkDiskSpace(ctx); err != nil {
		return err
	}
	return db.store.ping(ctx)
}

// Stats reads the counters.
func (db *DB) Stats() Stats { return db.store.stats() }

// Close waits for the calls in progress and closes the database. Calls that come later
// get ErrClosed.
func (db *DB) Close() error {
	db.closeOnce.Do(func() {
		db.meter.close()
		db.closeErr = db.store.close()
	})
	return db.closeErr
}

// Write runs fn in a transaction and commits it; when Write returns nil the changes are
// durable and every later Read sees them. An error of fn rolls its changes back and is
// returned as it is; a panic rolls back and goes on in the caller's goroutine.
//
// fn may run more than once (MySQL asks for a repetition after a deadlock, SQLite
// undoes callers together) and must have no effect outside the database but to set its
// results anew; use Tx.AfterCommit for what follows from success. A caller whose
// context ends before fn starts gets the context's error and fn is not run; once
// started, fn is completed whatever happens to the context. The context that fn gets is
// marked by callctx.WithTransaction, and calling Write with it is ErrNested. A disk
// without space is fault.Unavailable. Read may be called within fn but sees the last
// committed state.
//
// On SQLite the callers that wait at the same time share one commit; if that commit
// fails all of them get the error. A caller that fails having changed something takes
// the others' changes back with its own, and they run again without it.
func (db *DB) Write(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if callctx.Transaction(ctx) != "" {
		return ErrNested
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.rehearse {
		err := db.store.write(ctx, db, func(ctx context.Context, tx *Tx) error { return cmp.Or(fn(ctx, tx), errRehearsed) })
		if !errors.Is(err, errRehearsed) {
			return db.noteDiskFull(err)
		}
	}
	return db.noteDiskFull(db.store.write(ctx, db, fn))
}

// errRehearsed undoes what was only tried.
var errRehearsed = errors.New("database: rehearsed")

type readKey struct{}

// Read runs fn with a connection that refuses changes. All its statements see the state
// that was committed when the first of them started: no Read returns one thing as it
// was before a Write and another as it was after. fn is not retried. A snapshot that is
// open for long keeps the engine from clearing up after the writers: call no other
// module within it. On SQLite a statement that computes for long is not interrupted
// when the context ends; between statements and between rows the context is honoured.
func (db *DB) Read(ctx context.Context, fn func(ctx context.Context, q *Tx) error) error {
	return db.joinOrStartRead(ctx, db.store.read, fn)
}

// ReadOne is a Read of one statement, which is its own snapshot: on MySQL it takes one
// trip to the server where a Read takes two more. A second statement is refused. Within
// a Read, or another ReadOne, fn sees the snapshot of the outer one.
func (db *DB) ReadOne(ctx context.Context, fn func(ctx context.Context, q *Tx) error) error {
	return db.joinOrStartRead(ctx, db.store.readOne, fn)
}

func (db *DB) joinOrStartRead(ctx context.Context, read func(context.Context, *DB, Work) error, fn Work) error {
	if outer, ok := ctx.Value(readKey{}).(*Tx); ok && outer.db == db && !outer.over.Load() {
		return fn(ctx, outer) // a Read within a Read must not wait for a second connection
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return read(ctx, db, fn)
}

// Inspect is for the packages that migrate, copy and back up. It runs fn on a connection
// that is open anyway, since at start every connection costs time. On SQLite that is the
// one of the writer, between two transactions; on MySQL it is a Read.
func (db *DB) Inspect(ctx context.Context, fn func(ctx context.Context, q *Tx) error) error {
	return db.store.inspect(ctx, db, fn)
}

// Maintain is for the package that migrates. It runs fn on a connection of its own to a
// server, where a statement that changes a large table has the time it needs and a lock
// that is taken ends with fn. On SQLite, where a Write does all that, the error is
// errors.ErrUnsupported.
func (db *DB) Maintain(ctx context.Context, fn func(ctx context.Context, conn *sql.Conn) error) error {
	conn, err := db.store.maintenanceConn(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database of %s: %w", db.module, err)
	}
	defer func() { _ = conn.Close() }()
	return fn(ctx, conn)
}

// bunDB makes the query builder when it is first asked for: it costs memory, and most
// work never asks.
func (db *DB) bunDB() *bun.DB {
	db.bunOnce.Do(func() { db.bun = db.store.builder() })
	return db.bun
}

// Micros turns a time into what the tables store: microseconds since 1970, UTC.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Time turns stored microseconds back into a time in UTC.
func Time(us int64) time.Time { return time.UnixMicro(us).UTC() }
