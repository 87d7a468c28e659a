package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"app/platform/database/internal/engine"
)

const (
	// maxTries bounds how often a transaction runs that the server keeps choosing as
	// the victim of deadlocks.
	maxTries = 12
	// writeLimit bounds a transaction on a server that does not answer.
	writeLimit = time.Minute
	firstDelay = 2 * time.Millisecond
	lastDelay  = 250 * time.Millisecond
)

// Write runs fn until it gets through. Deadlocks are part of normal work on MySQL
// (https://dev.mysql.com/doc/refman/8.4/en/innodb-deadlocks-handling.html): the server
// rolls one transaction back and expects it again.
func (s *Store) Write(ctx context.Context, fn engine.Work) error {
	for try := 1; ; try++ {
		err := s.writeOnce(ctx, fn)
		switch {
		case !isRetryable(err):
			return err
		case try == maxTries:
			return engine.Unavailable(err)
		}
		s.retries.Add(1)
		if err := waitBackoff(ctx, try); err != nil {
			return err
		}
	}
}

// writeOnce runs fn in one transaction. The caller's context bounds the wait for a
// connection, not the work.
func (s *Store) writeOnce(ctx context.Context, fn engine.Work) (err error) {
	began := time.Now()
	conn, err := s.acquireWriterConn(ctx)
	if err != nil {
		return err
	}
	s.meter.ObserveWait(began)
	defer func() { _ = conn.Close() }()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	inner, call, err := s.pulse.beginCall(limited)
	if err != nil {
		return err
	}
	defer func() { err = call.finishWith(err) }()
	return s.runTransaction(inner, conn, fn)
}

// acquireWriterConn waits for a connection.
func (s *Store) acquireWriterConn(ctx context.Context) (*sql.Conn, error) {
	ctx, call, err := s.pulse.beginCall(ctx)
	if err != nil {
		return nil, err
	}
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	conn, err := s.writerDB.Conn(ctx)
	return conn, call.finishWith(closedError(err))
}

func (s *Store) runTransaction(ctx context.Context, conn *sql.Conn, fn engine.Work) error {
	transaction, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	session := &engine.Session{Conn: transaction, Base: ctx, Writing: true, BrokenBy: brokenBy}
	if err := s.runAndCommit(ctx, transaction, session, fn); err != nil {
		return err
	}
	s.writes.Add(1)
	s.commits.Add(1)
	return nil
}

func (s *Store) runAndCommit(ctx context.Context, transaction *sql.Tx, session *engine.Session, fn engine.Work) error {
	defer func() {
		session.End()
		_ = transaction.Rollback() // after a commit it does nothing; after a panic it is needed
	}()
	err := fn(ctx, session)
	if broken := session.Broken(); broken != nil {
		return broken // whatever fn made of it: the server has undone the work so far
	}
	if err != nil {
		return err
	}
	session.End()
	began := time.Now()
	if err := transaction.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.meter.ObserveCommit(began, 1)
	return nil
}

// waitBackoff waits before the next try, longer each time and never in step with the
// other victim.
func waitBackoff(ctx context.Context, try int) error {
	limit := min(lastDelay, firstDelay<<min(try, 10))
	timer := time.NewTimer(limit/2 + rand.N(limit/2)) //nolint:gosec // it spreads load and keeps no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
