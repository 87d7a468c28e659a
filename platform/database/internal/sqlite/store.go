// Package sqlite keeps a database in a file, with one writer that commits for all who
// wait at once, and several readers.
package sqlite

import (
	"cmp"
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

	"app/platform/database/internal/engine"
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

// Options say which file to open and how.
type Options struct {
	Path     string
	Module   string // owns it: for errors
	Readers  int    // how many queries run at the same time; 4 when it is not positive
	Observer engine.Observer
	// Alone keeps all others out until Close.
	Alone bool
	// Patience is how long Open waits for another process; 30 s when it is 0.
	Patience time.Duration
}

// Store is a file with one writer and several readers.
type Store struct {
	writerDB, readerDB *sql.DB
	writer             *writer
	readers            *readers
	alone              bool // reads go by the writer: nobody else may have the file open
}

// Open opens the file, and makes one that does not exist. The error names the file.
func Open(ctx context.Context, o Options) (*Store, error) {
	keepMemory()
	path, err := preparePath(o.Path)
	if err != nil {
		return nil, fmt.Errorf("open database of %s: %w", o.Module, err)
	}
	if err := makePrivate(path); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, explainOpenError(path, err))
	}
	pragmas := writerPragmas
	if o.Alone {
		// Asked for before the first access, the lock is taken with it and kept
		// (https://www.sqlite.org/wal.html#noshm).
		pragmas = append([]string{"locking_mode=EXCLUSIVE"}, writerPragmas...)
	}
	s := &Store{
		writerDB: sql.OpenDB(connector{path: path, pragmas: pragmas}),
		readerDB: sql.OpenDB(connector{path: path, pragmas: readerPragmas}),
		alone:    o.Alone,
	}
	conn, raw, err := patientConn(ctx, s.writerDB, cmp.Or(o.Patience, openPatience))
	if err == nil {
		err = checkFile(raw)
	}
	if err != nil {
		_ = s.writerDB.Close()
		return nil, fmt.Errorf("open database %s: %w", path, explainOpenError(path, err))
	}
	s.writer = newWriter(conn, raw, o.Observer)
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
func patientConn(ctx context.Context, db *sql.DB, patience time.Duration) (*sql.Conn, *preparedConn, error) {
	// The deadline is not the context's: within it an attempt would fail with what says
	// nothing of the lock.
	for deadline := time.Now().Add(patience); ; {
		conn, raw, err := pinnedConn(ctx, db)
		if !IsBusy(err) || time.Now().After(deadline) {
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
func pinnedConn(ctx context.Context, db *sql.DB) (*sql.Conn, *preparedConn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	var raw *preparedConn
	err = conn.Raw(func(c any) error {
		raw, _ = c.(*preparedConn) // our connector makes no other
		return nil
	})
	return conn, raw, err
}

// checkFile refuses what SQLite would open but not write to durably.
func checkFile(c *preparedConn) error {
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

// Write runs fn in its turn and returns when the commit that holds its changes is
// durable. A caller that fails having changed something takes the others' changes back
// with its own, and they run again without it.
func (s *Store) Write(ctx context.Context, fn engine.Work) error { return s.writer.write(ctx, fn) }

// Read runs fn on a reader, in one snapshot.
func (s *Store) Read(ctx context.Context, fn engine.Work) error { return s.runRead(ctx, false, fn) }

// ReadOne runs fn, of one statement, on a reader.
func (s *Store) ReadOne(ctx context.Context, fn engine.Work) error { return s.runRead(ctx, true, fn) }

func (s *Store) runRead(ctx context.Context, single bool, fn engine.Work) error {
	if s.alone {
		return s.writer.readBetweenBatches(ctx, fn)
	}
	return s.readers.runRead(ctx, single, fn)
}

// Inspect runs fn on the writer's connection, between two transactions.
func (s *Store) Inspect(ctx context.Context, fn engine.Work) error {
	return s.writer.readBetweenBatches(ctx, fn)
}

// MaintenanceConn is errors.ErrUnsupported: a Write has the time that it takes.
func (s *Store) MaintenanceConn(context.Context) (*sql.Conn, error) {
	return nil, errors.ErrUnsupported
}

// Ping reads from the file.
func (s *Store) Ping(ctx context.Context) error {
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

// Stats counts what the writer did.
func (s *Store) Stats() engine.Stats {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return engine.Stats{Writes: s.writer.writes.Load(), Commits: s.writer.commits.Load(), Retries: s.writer.repeats.Load(), Waiting: s.writer.length}
}

// Builder makes bun's query builder.
func (s *Store) Builder() *bun.DB { return bun.NewDB(s.readerDB, sqlitedialect.New()) }

// HoldBatches sets how long the first caller of a batch waits for the last: tests of
// what callers share make it longer than any machine takes between two of them.
func (s *Store) HoldBatches(d time.Duration) { s.writer.hold = d }

// Close ends the readers first: the last connection that closes folds the log into the
// file.
func (s *Store) Close() error {
	s.readers.close()
	err := s.writer.close()
	_ = s.readerDB.Close()
	if closeErr := s.writerDB.Close(); err == nil {
		err = closeErr
	}
	return err
}
