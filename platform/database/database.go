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

	"github.com/uptrace/bun"

	"app/platform/callctx"
	"app/platform/database/internal/engine"
	"app/platform/database/internal/mysql"
	"app/platform/database/internal/sqlite"
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
	ErrClosed = engine.ErrClosed
)

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

// store is what an engine does for a DB; sqlite.Store and mysql.Store are the two. Every
// call may give engine.ErrClosed.
type store interface {
	// Write runs fn in a transaction and returns after its commit or its rollback. fn may
	// run more than once, each time with another session.
	Write(ctx context.Context, fn engine.Work) error
	// Read runs fn on a connection that refuses changes, all of it in one snapshot.
	Read(ctx context.Context, fn engine.Work) error
	// ReadOne runs fn on such a connection with one statement at most.
	ReadOne(ctx context.Context, fn engine.Work) error
	// Inspect is Read on the connection that is open anyway: used at start, when every
	// connection costs time.
	Inspect(ctx context.Context, fn engine.Work) error
	// MaintenanceConn is a connection whose statements take the time they take;
	// errors.ErrUnsupported on an engine where all of them do.
	MaintenanceConn(ctx context.Context) (*sql.Conn, error)
	Ping(ctx context.Context) error
	Stats() engine.Stats
	Builder() *bun.DB
	Close() error
}

var (
	_ store = (*sqlite.Store)(nil)
	_ store = (*mysql.Store)(nil)
)

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
	return db.store.Ping(ctx)
}

// Stats reads the counters.
func (db *DB) Stats() Stats { return Stats(db.store.Stats()) }

// Close waits for the calls in progress and closes the database. Calls that come later
// get ErrClosed.
func (db *DB) Close() error {
	db.closeOnce.Do(func() {
		db.meter.close()
		db.closeErr = db.store.Close()
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
		err := db.commitWork(ctx, func(ctx context.Context, tx *Tx) error { return cmp.Or(fn(ctx, tx), errRehearsed) })
		if !errors.Is(err, errRehearsed) {
			return db.noteDiskFull(err)
		}
	}
	return db.noteDiskFull(db.commitWork(ctx, fn))
}

// commitWork has the engine run fn, and what fn has left for after the commit.
func (db *DB) commitWork(ctx context.Context, fn Work) error {
	var last *Tx // of the run that was committed
	err := db.store.Write(ctx, func(ctx context.Context, s *engine.Session) error {
		last = &Tx{db: db, session: s}
		return fn(callctx.WithTransaction(ctx, db.module), last)
	})
	if err == nil {
		last.runAfterCommit()
	}
	return err
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
	return db.joinOrStartRead(ctx, db.store.Read, fn)
}

// ReadOne is a Read of one statement, which is its own snapshot: on MySQL it takes one
// trip to the server where a Read takes two more. A second statement is refused. Within
// a Read, or another ReadOne, fn sees the snapshot of the outer one.
func (db *DB) ReadOne(ctx context.Context, fn func(ctx context.Context, q *Tx) error) error {
	return db.joinOrStartRead(ctx, db.store.ReadOne, fn)
}

func (db *DB) joinOrStartRead(ctx context.Context, read func(context.Context, engine.Work) error, fn Work) error {
	if outer, ok := ctx.Value(readKey{}).(*Tx); ok && outer.db == db && !outer.session.Over() {
		return fn(ctx, outer) // a Read within a Read must not wait for a second connection
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return read(ctx, func(ctx context.Context, s *engine.Session) error {
		tx := &Tx{db: db, session: s}
		return fn(context.WithValue(ctx, readKey{}, tx), tx)
	})
}

// Inspect is for the packages that migrate, copy and back up. It runs fn on a connection
// that is open anyway, since at start every connection costs time. On SQLite that is the
// one of the writer, between two transactions; on MySQL it is a Read.
func (db *DB) Inspect(ctx context.Context, fn func(ctx context.Context, q *Tx) error) error {
	return db.store.Inspect(ctx, func(ctx context.Context, s *engine.Session) error {
		return fn(ctx, &Tx{db: db, session: s})
	})
}

// Maintain is for the package that migrates. It runs fn on a connection of its own to a
// server, where a statement that changes a large table has the time it needs and a lock
// that is taken ends with fn. On SQLite, where a Write does all that, the error is
// errors.ErrUnsupported.
func (db *DB) Maintain(ctx context.Context, fn func(ctx context.Context, conn *sql.Conn) error) error {
	conn, err := db.store.MaintenanceConn(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database of %s: %w", db.module, err)
	}
	defer func() { _ = conn.Close() }()
	return fn(ctx, conn)
}

// bunDB makes the query builder when it is first asked for: it costs memory, and most
// work never asks.
func (db *DB) bunDB() *bun.DB {
	db.bunOnce.Do(func() { db.bun = db.store.Builder() })
	return db.bun
}

// Micros turns a time into what the tables store: microseconds since 1970, UTC.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Time turns stored microseconds back into a time in UTC.
func Time(us int64) time.Time { return time.UnixMicro(us).UTC() }
