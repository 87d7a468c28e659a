package database

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"

	"app/platform/database/internal/engine"
)

// Tx runs statements within one Write or Read. It is not safe for concurrent use and is
// void when its function has returned.
type Tx struct {
	db      *DB
	session *engine.Session
	after   []func()
}

// DB is the database that the Tx belongs to.
func (t *Tx) DB() *DB { return t.db }

// Engine tells which engine the statement will run on.
func (t *Tx) Engine() Engine { return t.db.Engine() }

// Exec runs a statement that returns no rows. On SQLite it is prepared once per
// connection and kept by its text, so the text should be constant and values should be
// arguments.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.session.Exec(ctx, query, args...)
}

// Query runs a statement that returns rows; the caller closes them and checks their
// Err. Rows that are still open when fn returns are closed.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.session.Query(ctx, query, args...)
}

// QueryRow runs a statement that returns at most one row; Row.Scan tells sql.ErrNoRows
// when there was none.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *Row {
	rows, err := t.Query(ctx, query, args...) //nolint:rowserrcheck // Scan asks
	return &Row{session: t.session, rows: rows, err: err}
}

// Bun gives the query builder for what is not worth a prepared statement: lists with
// filters, reports, administration. Its own transactions are refused with ErrNested.
func (t *Tx) Bun() bun.IDB { return builder{bunConn{t}} }

// AfterCommit registers fn to run in the caller's goroutine after the commit and before
// Write returns. It never runs after a rollback. It panics within Read, where nothing
// is ever committed.
func (t *Tx) AfterCommit(fn func()) {
	if !t.session.Writing {
		panic("database: AfterCommit within Read")
	}
	t.after = append(t.after, fn)
}

func (t *Tx) runAfterCommit() {
	for _, fn := range t.after {
		fn()
	}
}

// Row is the answer to QueryRow.
type Row struct {
	session *engine.Session
	rows    *sql.Rows
	err     error
}

// Err is the error of the query, nil when it ran.
func (r *Row) Err() error { return r.err }

// Scan reads the row and closes it; it returns sql.ErrNoRows when the query found
// nothing.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer func() { _ = r.rows.Close() }()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return r.session.Judge(err)
		}
		return sql.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	return r.rows.Close()
}
