package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"
	"github.com/uptrace/bun"
)

var (
	// errOver answers statements of a Tx that outlived its Write or Read.
	errOver = errors.New("database: transaction used after its end")
	// errOpenRows keeps SQLite from accepting what MySQL cannot do.
	errOpenRows = errors.New("database: the rows of an earlier query are still open; close them before the next statement")
	// errSecond keeps a ReadOne from seeing two states.
	errSecond = errors.New("database: a second statement within ReadOne; use Read")
)

// Tx runs statements within one Write or Read. It is not safe for concurrent use and is
// void when its function has returned.
type Tx struct {
	db   *DB
	conn bun.IConn
	// base, when set, replaces the context of every statement: a statement that is
	// interrupted would take the transactions of other callers with it.
	base context.Context
	// begin, when set, is called before the first statement of a Read; what it opens is
	// one snapshot for all of them.
	begin   func(context.Context) error
	begun   bool // there was a statement
	single  bool // and there may be no other
	writing bool
	rows    []*sql.Rows
	// broken, once set, answers all further statements of a Write: MySQL has ended the
	// transaction, and what came next would be committed on its own.
	broken error
	after  []func()
	over   atomic.Bool
}

// DB is the database that the Tx belongs to.
func (t *Tx) DB() *DB { return t.db }

// Engine tells which engine the statement will run on.
func (t *Tx) Engine() Engine { return t.db.Engine() }

// Exec runs a statement that returns no rows. On SQLite it is prepared once per
// connection and kept by its text, so the text should be constant and values should be
// arguments.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, err := t.beginStatement(ctx)
	if err != nil {
		return nil, err
	}
	result, err := t.conn.ExecContext(ctx, query, args...)
	return result, t.recordBroken(err)
}

// Query runs a statement that returns rows; the caller closes them and checks their
// Err. Rows that are still open when fn returns are closed.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, err := t.beginStatement(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := t.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, t.recordBroken(err)
	}
	t.rows = append(t.rows[:0], rows) // the earlier ones are closed, or start would have refused
	return rows, nil
}

// QueryRow runs a statement that returns at most one row; Row.Scan tells sql.ErrNoRows
// when there was none.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *Row {
	rows, err := t.Query(ctx, query, args...) //nolint:rowserrcheck // Scan asks
	return &Row{tx: t, rows: rows, err: err}
}

// Bun gives the query builder for what is not worth a prepared statement: lists with
// filters, reports, administration. Its own transactions are refused with ErrNested.
func (t *Tx) Bun() bun.IDB { return builder{bunConn{t}} }

// AfterCommit registers fn to run in the caller's goroutine after the commit and before
// Write returns. It never runs after a rollback. It panics within Read, where nothing
// is ever committed.
func (t *Tx) AfterCommit(fn func()) {
	if !t.writing {
		panic("database: AfterCommit within Read")
	}
	t.after = append(t.after, fn)
}

func (t *Tx) beginStatement(ctx context.Context) (context.Context, error) {
	if t.over.Load() {
		return nil, errOver
	}
	if t.broken != nil {
		return nil, t.broken
	}
	if len(t.rows) > 0 && isOpen(t.rows[0]) {
		return nil, errOpenRows
	}
	if !t.writing && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if t.begun && t.single {
		return nil, errSecond
	}
	if t.begin != nil && !t.begun {
		if err := t.begin(ctx); err != nil {
			return nil, err
		}
	}
	t.begun = true
	if t.base == nil {
		return ctx, nil
	}
	return t.base, nil
}

func isOpen(rows *sql.Rows) bool {
	_, err := rows.Columns()
	return err == nil
}

// recordBroken remembers an error that ended the transaction on the server.
func (t *Tx) recordBroken(err error) error {
	switch {
	case err == nil || !t.writing:
	case isRetryable(err):
		t.broken = err
	case errors.Is(err, mysql.ErrInvalidConn): // lost before the commit was asked for: safe to repeat
		t.broken = fmt.Errorf("%w: %w", driver.ErrBadConn, err)
	}
	return err
}

// voidAndCloseRows makes the Tx void and gives back what the work left open.
func (t *Tx) voidAndCloseRows() {
	t.over.Store(true)
	for _, rows := range t.rows {
		_ = rows.Close()
	}
	t.rows = nil
}

func (t *Tx) runAfterCommit() {
	for _, fn := range t.after {
		fn()
	}
}

// Row is the answer to QueryRow.
type Row struct {
	tx   *Tx
	rows *sql.Rows
	err  error
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
			return r.tx.recordBroken(err)
		}
		return sql.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	return r.rows.Close()
}
