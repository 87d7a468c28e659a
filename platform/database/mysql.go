package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mysqldialect"
)

const (
	defaultConns = 16
	// connectLimit bounds the making of a connection, from the name's look-up to the
	// end of the log-in: well within the time that a request has.
	connectLimit = 2 * time.Second
	// readyLimit is how long the server may take when it is asked for a readiness
	// report.
	readyLimit = 750 * time.Millisecond
	// Connections are renewed before a server's or a proxy's own limits close them
	// under us.
	connLifetime = 3 * time.Minute
	connIdle     = time.Minute
	// lockWait is how many seconds a statement waits for a row before it is tried again
	// as a deadlock would be.
	lockWait = "10"
	// statementLimit bounds how long a statement waits for its answer, which is longer
	// than it may wait for a row. A connection that takes longer is dead, even where
	// the server answers others: something on the way has forgotten it.
	statementLimit = 13 * time.Second
	// sqlMode makes the server as strict as SQLite's CHECKs expect, and || join strings
	// as it does there.
	sqlMode = "'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT'"
)

// mysqlStore is a schema on a server, with connections for writing, others that refuse
// to, one to ask whether the server is there, and one for migrations, whose statements
// take the time they take.
type mysqlStore struct {
	writerDB, readerDB, pingDB, migrateDB *sql.DB
	idle                                  int // connections that a pool keeps
	pulse                                 *pulse

	writes, commits, retries atomic.Uint64
	waiting                  atomic.Int64
}

func openMySQL(ctx context.Context, place Location, o Options) (*mysqlStore, error) {
	config, err := mysqlConfig(place, o.Logger)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", place, err)
	}
	s := &mysqlStore{}
	if err = s.openPools(config, place.resolvePoolSize(o.Readers)); err == nil {
		s.pulse = newPulse(place, o.Logger, s.pingDB.PingContext, s.dropIdleConns)
		err = s.connectReader(ctx)
	}
	if err != nil {
		_ = s.close()
		return nil, fmt.Errorf("open database %s: %w", place, err)
	}
	return s, nil
}

// openPools makes the pools. They reach for the server when they are first used.
func (s *mysqlStore) openPools(config *mysql.Config, size poolSize) (err error) {
	config.RejectReadOnly = true // after a fail-over, leave the server that became a replica
	s.writerDB, err = mysqlPool(config, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", size)
	if err != nil {
		return err
	}
	config.RejectReadOnly = false
	s.readerDB, err = mysqlPool(config, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", size)
	if err != nil {
		return err
	}
	s.idle, size.conns = size.conns, 1
	if s.pingDB, err = mysqlPool(config, "DO 0", size); err != nil {
		return err
	}
	config.ReadTimeout = 0
	s.migrateDB, err = mysqlPool(config, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", size)
	return err
}

// dropIdleConns drops the connections that nobody uses at the moment. Where one was
// found dead, those beside it may be, and each would cost its next user the time to
// find out.
func (s *mysqlStore) dropIdleConns() {
	for _, pool := range []*sql.DB{s.writerDB, s.readerDB} {
		pool.SetMaxIdleConns(0)
		pool.SetMaxIdleConns(s.idle)
	}
}

// connectReader makes a first connection and keeps it for reading.
func (s *mysqlStore) connectReader(ctx context.Context) error {
	waiting, call, err := s.pulse.beginCall(ctx)
	if err != nil {
		return err
	}
	return call.finishWith(closedError(s.readerDB.PingContext(waiting)))
}

func mysqlConfig(place Location, logger *slog.Logger) (*mysql.Config, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = place.user, place.password, place.Schema
	c.Net, c.Addr = "tcp", place.Host
	if socket := place.Query.Get("socket"); socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	c.Timeout, c.ReadTimeout, c.WriteTimeout = connectLimit, statementLimit, statementLimit
	c.Collation = "utf8mb4_bin"
	c.ParseTime, c.Loc = true, time.UTC
	c.InterpolateParams = true // one trip per statement instead of three
	c.ClientFoundRows = true   // an UPDATE counts what it matched, as on SQLite
	c.Params = map[string]string{"sql_mode": sqlMode, "innodb_lock_wait_timeout": lockWait}
	c.Logger = driverLog{logger}
	return c, setTLS(c, place)
}

func setTLS(c *mysql.Config, place Location) error {
	mode, ca := place.Query.Get("tls"), place.Query.Get("ca")
	switch mode {
	case "", "false":
		if ca == "" {
			return nil
		}
	case "skip-verify", "preferred":
		c.TLSConfig = mode
		return nil
	case "true":
	default:
		return fmt.Errorf("unknown tls=%q (known: true, false, skip-verify, preferred)", mode)
	}
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: place.hostname}
	if ca == "" {
		return nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return fmt.Errorf("read ca: %w", err)
	}
	c.TLS.RootCAs = x509.NewCertPool()
	if !c.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", ca)
	}
	return nil
}

func mysqlPool(config *mysql.Config, setup string, size poolSize) (*sql.DB, error) {
	connector, err := mysql.NewConnector(config) // works on a copy of the configuration
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(mysqlConnector{connector, setup})
	db.SetMaxOpenConns(size.conns)
	db.SetMaxIdleConns(size.conns)
	db.SetConnMaxLifetime(size.lifetime)
	db.SetConnMaxIdleTime(size.idle)
	return db, nil
}

// mysqlConnector runs a statement on each new connection. The isolation level has no
// variable that MySQL 8.4 and MariaDB 10.11 both know, only this statement.
type mysqlConnector struct {
	driver.Connector
	setup string
}

// Connect implements driver.Connector. database/sql calls it for some connections with
// a context that never ends.
func (c mysqlConnector) Connect(ctx context.Context) (driver.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn, err := c.connectAndSetUp(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("connect: %w within %s: %w", errNoAnswer, connectLimit, err)
	}
	return conn, err
}

func (c mysqlConnector) connectAndSetUp(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, fmt.Errorf("driver connection %T runs no statements", conn)
	}
	if _, err := execer.ExecContext(ctx, c.setup, nil); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// driverLog keeps the driver's remarks on broken connections out of standard error.
type driverLog struct{ logger *slog.Logger }

// Print implements mysql.Logger.
func (l driverLog) Print(v ...any) { l.logger.Debug("mysql driver", "remark", fmt.Sprint(v...)) }

// read has fn's statements in one transaction, whose snapshot the first of them takes
// (https://dev.mysql.com/doc/refman/8.4/en/innodb-consistent-read.html).
func (s *mysqlStore) read(ctx context.Context, db *DB, fn Work) (err error) {
	ctx, call, err := s.pulse.beginCall(ctx)
	if err != nil {
		return err
	}
	defer func() { err = call.finishWith(err) }()
	var transaction *sql.Tx
	tx := &Tx{db: db}
	tx.begin = func(ctx context.Context) (err error) {
		transaction, err = s.readerDB.BeginTx(ctx, nil)
		tx.conn = transaction
		return err
	}
	defer func() {
		tx.voidAndCloseRows()
		if transaction != nil {
			_ = transaction.Rollback() // there is nothing to undo; where it fails the pool drops the connection
		}
	}()
	return closedError(fn(context.WithValue(ctx, readKey{}, tx), tx))
}

// readOne has fn's only statement by itself: one trip to the server.
func (s *mysqlStore) readOne(ctx context.Context, db *DB, fn Work) (err error) {
	ctx, call, err := s.pulse.beginCall(ctx)
	if err != nil {
		return err
	}
	defer func() { err = call.finishWith(err) }()
	tx := &Tx{db: db, conn: s.readerDB, single: true}
	defer tx.voidAndCloseRows()
	return closedError(fn(context.WithValue(ctx, readKey{}, tx), tx))
}

func (s *mysqlStore) inspect(ctx context.Context, db *DB, fn Work) error { return s.read(ctx, db, fn) }

func (s *mysqlStore) maintenanceConn(ctx context.Context) (*sql.Conn, error) {
	return s.migrateDB.Conn(ctx)
}

// ping asks on a connection that no work can occupy, and says at once what is known
// already.
func (s *mysqlStore) ping(ctx context.Context) error {
	if err := s.pulse.outageError(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	err := s.pingDB.PingContext(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w for %s", s.pulse.place, errNoAnswer, readyLimit)
	}
	return closedError(err)
}

func (s *mysqlStore) stats() Stats {
	return Stats{Writes: s.writes.Load(), Commits: s.commits.Load(), Retries: s.retries.Load(), Waiting: int(s.waiting.Load())}
}

func (s *mysqlStore) builder() *bun.DB { return bun.NewDB(s.readerDB, mysqldialect.New()) }

func (s *mysqlStore) close() error {
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

// closedError gives database/sql's unexported error our name.
func closedError(err error) error {
	if err != nil && err.Error() == "sql: database is closed" {
		return ErrClosed
	}
	return err
}
