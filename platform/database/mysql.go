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
	dialTimeout  = 5 * time.Second
	// Connections are renewed before a server's or a proxy's own limits close them under us.
	connLifetime = 3 * time.Minute
	connIdle     = time.Minute
	// lockWait is how many seconds a statement waits for a row before it is tried again as a deadlock would be.
	lockWait = "10"
	// sqlMode makes the server as strict as SQLite's CHECKs expect, and || join strings as it does there.
	sqlMode = "'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT'"
)

// mysqlStore is a schema on a server, with connections for writing and others that refuse to.
type mysqlStore struct {
	schema             string
	writerDB, readerDB *sql.DB

	writes, commits, retries atomic.Uint64
	waiting                  atomic.Int64
}

func openMySQL(ctx context.Context, place Location, o Options) (*mysqlStore, error) {
	config, err := mysqlConfig(place, o.Logger)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", place, err)
	}
	s := &mysqlStore{schema: place.Schema}
	config.RejectReadOnly = true // after a fail-over, leave the server that became a replica
	s.writerDB, err = mysqlPool(config, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", o.Readers)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", place, err)
	}
	config.RejectReadOnly = false
	s.readerDB, err = mysqlPool(config, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY", o.Readers)
	if err == nil {
		err = s.ping(ctx)
	}
	if err != nil {
		_ = s.close()
		return nil, fmt.Errorf("open database %s: %w", place, err)
	}
	return s, nil
}

func mysqlConfig(place Location, logger *slog.Logger) (*mysql.Config, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = place.user, place.password, place.Schema
	c.Net, c.Addr = "tcp", place.Host
	if socket := place.Query.Get("socket"); socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	c.Timeout = dialTimeout
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

func mysqlPool(config *mysql.Config, setup string, conns int) (*sql.DB, error) {
	connector, err := mysql.NewConnector(config) // works on a copy of the configuration
	if err != nil {
		return nil, err
	}
	if conns < 1 {
		conns = defaultConns
	}
	db := sql.OpenDB(mysqlConnector{connector, setup})
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxLifetime(connLifetime)
	db.SetConnMaxIdleTime(connIdle)
	return db, nil
}

// mysqlConnector runs a statement on each new connection. The isolation level has no variable that MySQL 8.4 and
// MariaDB 10.11 both know, only this statement.
type mysqlConnector struct {
	driver.Connector
	setup string
}

// Connect implements driver.Connector.
func (c mysqlConnector) Connect(ctx context.Context) (driver.Conn, error) {
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

// read gives each statement a connection of its own, so that rows may stay open between them.
func (s *mysqlStore) read(ctx context.Context, db *DB, fn Work) error {
	tx := &Tx{db: db, conn: s.readerDB}
	defer tx.end()
	return closedError(fn(context.WithValue(ctx, readKey{}, tx), tx))
}

func (s *mysqlStore) inspect(ctx context.Context, db *DB, fn Work) error { return s.read(ctx, db, fn) }

func (s *mysqlStore) ping(ctx context.Context) error { return closedError(s.readerDB.PingContext(ctx)) }

func (s *mysqlStore) stats() Stats {
	return Stats{Writes: s.writes.Load(), Commits: s.commits.Load(), Retries: s.retries.Load(), Waiting: int(s.waiting.Load())}
}

func (s *mysqlStore) builder() *bun.DB { return bun.NewDB(s.readerDB, mysqldialect.New()) }

func (s *mysqlStore) close() error {
	err := s.writerDB.Close()
	if s.readerDB != nil {
		err = errors.Join(err, s.readerDB.Close())
	}
	return err
}

// closedError gives database/sql's unexported error our name.
func closedError(err error) error {
	if err != nil && err.Error() == "sql: database is closed" {
		return ErrClosed
	}
	return err
}
