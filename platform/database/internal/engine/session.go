package engine

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	"github.com/uptrace/bun"
)

var (
	// errOver answers statements of a session that has ended.
	errOver = errors.New("database: transaction used after its end")
	// errOpenRows keeps SQLite from accepting what MySQL cannot do.
	errOpenRows = errors.New("database: the rows of an earlier query are still open; close them before the next statement")
	// errSecond keeps a ReadOne from seeing two states.
	errSecond = errors.New("database: a second statement within ReadOne; use Read")
)

// Session runs the statements of one Write or Read, one after another. The engine sets
// the exported fields before it hands the session out, and calls End when the work has
// returned. It is not safe for concurrent use.
type Session struct {
	// Conn is where the statements run.
	Conn bun.IConn
	// Base, when set, replaces the context of every statement: a statement that is
	// interrupted would take the transactions of other callers with it.
	Base context.Context
	// Begin, when set, is called before the first statement of a Read; what it opens is
	// one snapshot for all of them. It may set Conn.
	Begin func(context.Context) error
	// Single allows one statement and no other.
	Single bool
	// Writing completes the work whatever happens to the caller's context.
	Writing bool
	// BrokenBy, when set, says of the error of a statement whether the transaction has
	// ended with it: nil if not, else the answer to all further statements. What came
	// next would be committed on its own.
	BrokenBy func(error) error

	begun  bool // there was a statement
	rows   *sql.Rows
	broken error
	over   atomic.Bool
}

// Exec runs a statement that returns no rows.
func (s *Session) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, err := s.BeginStatement(ctx)
	if err != nil {
		return nil, err
	}
	result, err := s.Conn.ExecContext(ctx, query, args...)
	return result, s.Judge(err)
}

// Query runs a statement that returns rows. Those that are still open at the end are
// closed then.
func (s *Session) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, err := s.BeginStatement(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.Conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.Judge(err)
	}
	s.rows = rows // the earlier ones are closed, or BeginStatement would have refused
	return rows, nil
}

// BeginStatement reports whether another statement may run, and gives the context that
// it runs in.
func (s *Session) BeginStatement(ctx context.Context) (context.Context, error) {
	if s.over.Load() {
		return nil, errOver
	}
	if s.broken != nil {
		return nil, s.broken
	}
	if s.rows != nil && isOpen(s.rows) {
		return nil, errOpenRows
	}
	if !s.Writing && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if s.begun && s.Single {
		return nil, errSecond
	}
	if s.Begin != nil && !s.begun {
		if err := s.Begin(ctx); err != nil {
			return nil, err
		}
	}
	s.begun = true
	if s.Base == nil {
		return ctx, nil
	}
	return s.Base, nil
}

func isOpen(rows *sql.Rows) bool {
	_, err := rows.Columns()
	return err == nil
}

// Judge returns the error of a statement and remembers one that ended the transaction.
func (s *Session) Judge(err error) error {
	if err != nil && s.BrokenBy != nil {
		if broken := s.BrokenBy(err); broken != nil {
			s.broken = broken
		}
	}
	return err
}

// Broken is what ended the transaction before its work did, nil when nothing has.
func (s *Session) Broken() error { return s.broken }

// Begun reports whether there was a statement.
func (s *Session) Begun() bool { return s.begun }

// Over reports whether the session has ended.
func (s *Session) Over() bool { return s.over.Load() }

// End makes the session void and closes what the work left open.
func (s *Session) End() {
	s.over.Store(true)
	if s.rows != nil {
		_ = s.rows.Close()
		s.rows = nil
	}
}
