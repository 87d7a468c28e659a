package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// The pragmas of every connection. FULL makes a commit wait until the log is on the
// disk (https://www.sqlite.org/pragma.html#pragma_synchronous). The caches are small on
// purpose: seven databases live in one process, the file is in the system's cache
// anyway, and a reader's own cache is void after every commit.
var (
	writerPragmas = []string{
		fmt.Sprintf("busy_timeout=%d", busyWait.Milliseconds()), "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
		"temp_store=MEMORY", "cache_size=-4096", "journal_size_limit=67108864", "trusted_schema=OFF",
	}
	readerPragmas = []string{
		"busy_timeout=10000", "query_only=ON", "temp_store=MEMORY", "cache_size=-1024", "trusted_schema=OFF",
	}
)

// openPatience is how long Open waits for another process that is creating or
// recovering the same file.
const openPatience = 30 * time.Second

// sqliteStore is a file with one writer and several readers.
type sqliteStore struct {
	writerDB, readerDB *sql.DB
	writer             *writer
	readers            *readers
	alone              bool // reads go by the writer: nobody else may have the file open
}

func openSQLite(ctx context.Context, path string, o Options) (*sqliteStore, error) {
	keepMemory()
	path, err := preparePath(path)
	if err != nil {
		return nil, fmt.Errorf("open database of %s: %w", o.Module, err)
	}
	if err := makePrivate(path); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, explainOpenError(path, err))
	}
	pragmas, patience := writerPragmas, openPatience
	if o.alone {
		// Asked for before the first access, the lock is taken with it and kept
		// (https://www.sqlite.org/wal.html#noshm).
		pragmas, patience = append([]string{"locking_mode=EXCLUSIVE"}, writerPragmas...), aloneFor
	}
	s := &sqliteStore{
		writerDB: sql.OpenDB(sqliteConnector{path: path, pragmas: pragmas}),
		readerDB: sql.OpenDB(sqliteConnector{path: path, pragmas: readerPragmas}),
		alone:    o.alone,
	}
	conn, raw, err := patientConn(ctx, s.writerDB, patience)
	if err == nil {
		err = checkFile(raw)
	}
	if err != nil {
		_ = s.writerDB.Close()
		return nil, fmt.Errorf("open database %s: %w", path, explainOpenError(path, err))
	}
	s.writer = newWriter(conn, raw)
	s.readers = newReaders(s.readerDB, o.Readers)
	return s, nil
}

// preparePath makes the folder and gives the absolute path.
func preparePath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return "", fmt.Errorf("%s is a folder, not a database file", path)
	}
	return path, nil
}

// patientConn opens a connection, waiting out another process: a switch to WAL and a
// recovery lock the file against everybody and do not honour busy_timeout.
func patientConn(ctx context.Context, db *sql.DB, patience time.Duration) (*sql.Conn, *sqliteConn, error) {
	// The deadline is not the context's: within it an attempt would fail with what says
	// nothing of the lock.
	for deadline := time.Now().Add(patience); ; {
		conn, raw, err := pinnedConn(ctx, db)
		if !isBusy(err) || time.Now().After(deadline) {
			return conn, raw, err
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return nil, nil, err
		}
	}
}

// pinnedConn takes one connection out of the pool for good.
func pinnedConn(ctx context.Context, db *sql.DB) (*sql.Conn, *sqliteConn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	var raw *sqliteConn
	err = conn.Raw(func(c any) error {
		raw, _ = c.(*sqliteConn) // our connector makes no other
		return nil
	})
	return conn, raw, err
}

// checkFile refuses what SQLite would open but not write to durably.
func checkFile(c *sqliteConn) error {
	if readonly, err := c.conn.IsReadOnly("main"); err != nil {
		return err
	} else if readonly {
		return os.ErrPermission
	}
	return nil
}

// explainOpenError finds the reason behind SQLite's "unable to open database file".
func explainOpenError(path string, err error) error {
	if strings.Contains(err.Error(), "not a database") {
		return fmt.Errorf("the file is not a SQLite database")
	}
	probe, probeErr := os.CreateTemp(filepath.Dir(path), ".write-*")
	if probeErr != nil {
		return fmt.Errorf("the folder is not writable: %w", err)
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	if os.IsPermission(err) {
		return fmt.Errorf("the file is not writable")
	}
	return err
}

func (s *sqliteStore) write(ctx context.Context, db *DB, fn Work) error {
	return s.writer.write(ctx, db, fn)
}

func (s *sqliteStore) read(ctx context.Context, db *DB, fn Work) error {
	if s.alone {
		return s.writer.readBetweenBatches(ctx, db, fn)
	}
	return s.readers.runRead(ctx, db, false, fn)
}

func (s *sqliteStore) readOne(ctx context.Context, db *DB, fn Work) error {
	if s.alone {
		return s.writer.readBetweenBatches(ctx, db, fn)
	}
	return s.readers.runRead(ctx, db, true, fn)
}

func (s *sqliteStore) inspect(ctx context.Context, db *DB, fn Work) error {
	return s.writer.readBetweenBatches(ctx, db, fn)
}

func (s *sqliteStore) maintenanceConn(context.Context) (*sql.Conn, error) {
	return nil, errors.ErrUnsupported
}

func (s *sqliteStore) ping(ctx context.Context) error {
	if s.alone {
		return ctx.Err()
	}
	r, err := s.readers.acquireReader(ctx)
	if err != nil {
		return err
	}
	defer func() { s.readers.free <- r }()
	return r.conn.QueryRowContext(context.Background(), "PRAGMA schema_version").Scan(new(int))
}

func (s *sqliteStore) stats() Stats {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return Stats{Writes: s.writer.writes.Load(), Commits: s.writer.commits.Load(), Retries: s.writer.repeats.Load(), Waiting: s.writer.length}
}

func (s *sqliteStore) builder() *bun.DB { return bun.NewDB(s.readerDB, sqlitedialect.New()) }

// close ends the readers first: the last connection that closes folds the log into the
// file.
func (s *sqliteStore) close() error {
	s.readers.close()
	err := s.writer.close()
	_ = s.readerDB.Close()
	if closeErr := s.writerDB.Close(); err == nil {
		err = closeErr
	}
	return err
}
