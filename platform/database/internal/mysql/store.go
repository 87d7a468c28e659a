// Package mysql keeps a database in a schema on a MySQL or MariaDB server.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mysqldialect"

	"app/platform/database/internal/engine"
)

// readyLimit is how long the server may take when it is asked for a readiness report.
const readyLimit = 750 * time.Millisecond

// Options are what a store needs beside its server.
type Options struct {
	// Conns bounds the connections for reading, and those for writing, where the server's
	// location does not; 16 when it is not positive.
	Conns    int
	Logger   *slog.Logger
	Observer engine.Observer
}

// Store is a schema on a server, with connections for writing, others that refuse to,
// one to ask whether the server is there, and one for migrations, whose statements take
// the time they take.
type Store struct {
	writerDB, readerDB, pingDB, migrateDB *sql.DB
	idle                                  int // connections that a pool keeps
	pulse                                 *pulse
	meter                                 engine.Observer

	writes, commits, retries atomic.Uint64
	waiting                  atomic.Int64
}

// Open connects to the server. The error names it, without its password.
func Open(ctx context.Context, server Server, o Options) (*Store, error) {
	config, err := server.config(o.Logger)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", server.Name, err)
	}
	s := &Store{meter: o.Observer}
	if err = s.openPools(config, server.poolSize(o.Conns)); err == nil {
		s.pulse = newPulse(server.Name, o.Logger, s.pingDB.PingContext, s.dropIdleConns)
		err = s.connectReader(ctx)
	}
	if err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("open database %s: %w", server.Name, err)
	}
	return s, nil
}

// openPools makes the pools. They reach for the server when they are first used.
func (s *Store) openPools(config *mysql.Config, size Pool) (err error) {
	config.RejectReadOnly = true // after a fail-over, leave the server that became a replica
	s.writerDB, err = newPool(config, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", size)
	if err != nil {
		return err
	}
	config.RejectReadOnly = false
	s.readerDB, err = newPool(config, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", size)
	if err != nil {
		return err
	}
	s.idle, size.Conns = size.Conns, 1
	if s.pingDB, err = newPool(config, "DO 0", size); err != nil {
		return err
	}
	config.ReadTimeout = 0
	s.migrateDB, err = newPool(config, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", size)
	return err
}

// dropIdleConns drops the connections that nobody uses at the moment. Where one was
// found dead, those beside it may be, and each would cost its next user the time to
// find out.
func (s *Store) dropIdleConns() {
	for _, pool := range []*sql.DB{s.writerDB, s.readerDB} {
		pool.SetMaxIdleConns(0)
		pool.SetMaxIdleConns(s.idle)
	}
}

// connectReader makes a first connection and keeps it for reading.
func (s *Store) connectReader(ctx context.Context) error {
	waiting, call, err := s.pulse.beginCall(ctx)
	if err != nil {
		return err
	}
	return call.finishWith(closedError(s.readerDB.PingContext(waiting)))
}

// Read has fn's statements in one transaction, whose snapshot the first of them takes
// (https://dev.mysql.com/doc/refman/8.4/en/innodb-consistent-read.html).
func (s *Store) Read(ctx context.Context, fn engine.Work) (err error) {
	ctx, call, err := s.pulse.beginCall(ctx)
	if err != nil {
		return err
	}
	defer func() { err = call.finishWith(err) }()
	var transaction *sql.Tx
	session := &engine.Session{}
	session.Begin = func(ctx context.Context) (err error) {
		transaction, err = s.readerDB.BeginTx(ctx, nil)
		session.Conn = transaction
		return err
	}
	defer func() {
		session.End()
		if transaction != nil {
			_ = transaction.Rollback() // there is nothing to undo; where it fails the pool drops the connection
		}
	}()
	return closedError(fn(ctx, session))
}

// ReadOne has fn's only statement by itself: one trip to the server.
func (s *Store) ReadOne(ctx context.Context, fn engine.Work) (err error) {
	ctx, call, err := s.pulse.beginCall(ctx)
	if err != nil {
		return err
	}
	defer func() { err = call.finishWith(err) }()
	session := &engine.Session{Conn: s.readerDB, Single: true}
	defer session.End()
	return closedError(fn(ctx, session))
}

// Inspect is Read: a first connection for reading was made at start.
func (s *Store) Inspect(ctx context.Context, fn engine.Work) error { return s.Read(ctx, fn) }

// MaintenanceConn is a connection without a limit of time.
func (s *Store) MaintenanceConn(ctx context.Context) (*sql.Conn, error) { return s.migrateDB.Conn(ctx) }

// Ping asks on a connection that no work can occupy, and says at once what is known
// already.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pulse.outageError(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	err := s.pingDB.PingContext(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w for %s", s.pulse.server, errNoAnswer, readyLimit)
	}
	return closedError(err)
}

// Stats counts what was written.
func (s *Store) Stats() engine.Stats {
	return engine.Stats{Writes: s.writes.Load(), Commits: s.commits.Load(), Retries: s.retries.Load(), Waiting: int(s.waiting.Load())}
}

// dialect is bun's, less the question for the server's version: it would need a second
// connection, for which callers that hold all of them would wait for each other. What
// bun would do for some versions only is not in the SQL that both engines accept.
type dialect struct{ *mysqldialect.Dialect }

// Init implements schema.Dialect.
func (dialect) Init(*sql.DB) {}

// Builder makes bun's query builder.
func (s *Store) Builder() *bun.DB { return bun.NewDB(s.readerDB, dialect{mysqldialect.New()}) }

// Close closes all connections.
func (s *Store) Close() error {
	var errs []error
	for _, pool := range []*sql.DB{s.writerDB, s.readerDB, s.pingDB, s.migrateDB} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	if s.pulse != nil {
		s.pulse.close() // last: what hangs is cut off until then
	}
	return errors.Join(errs...)
}
