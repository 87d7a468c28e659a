package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-sql-driver/mysql"

	"app/platform/callctx"
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

// write runs fn until it gets through. Deadlocks are part of normal work on MySQL
// (https://dev.mysql.com/doc/refman/8.4/en/innodb-deadlocks-handling.html): the server
// rolls one transaction back and expects it again.
func (s *mysqlStore) write(ctx context.Context, db *DB, fn Work) error {
	for try := 1; ; try++ {
		err := s.writeOnce(ctx, db, fn)
		switch {
		case !isRetryable(err):
			return err
		case try == maxTries:
			return unavailableError(err)
		}
		s.retries.Add(1)
		if err := waitBackoff(ctx, try); err != nil {
			return err
		}
	}
}

// writeOnce runs fn in one transaction. The caller's context bounds the wait for a
// connection, not the work.
func (s *mysqlStore) writeOnce(ctx context.Context, db *DB, fn Work) (err error) {
	began := time.Now()
	conn, err := s.acquireWriterConn(ctx)
	if err != nil {
		return err
	}
	db.meter.observeWait(began)
	defer func() { _ = conn.Close() }()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	inner, call, err := s.pulse.beginCall(limited)
	if err != nil {
		return err
	}
	defer func() { err = call.finishWith(err) }()
	return s.runTransaction(inner, conn, db, fn)
}

// acquireWriterConn waits for a connection.
func (s *mysqlStore) acquireWriterConn(ctx context.Context) (*sql.Conn, error) {
	ctx, call, err := s.pulse.beginCall(ctx)
	if err != nil {
		return nil, err
	}
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	conn, err := s.writerDB.Conn(ctx)
	return conn, call.finishWith(closedError(err))
}

func (s *mysqlStore) runTransaction(ctx context.Context, conn *sql.Conn, db *DB, fn Work) error {
	transaction, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	tx := &Tx{db: db, conn: transaction, base: ctx, writing: true}
	if err := s.runAndCommit(ctx, transaction, tx, fn); err != nil {
		return err
	}
	s.writes.Add(1)
	s.commits.Add(1)
	tx.runAfterCommit()
	return nil
}

func (s *mysqlStore) runAndCommit(ctx context.Context, transaction *sql.Tx, tx *Tx, fn Work) error {
	defer func() {
		tx.voidAndCloseRows()
		_ = transaction.Rollback() // after a commit it does nothing; after a panic it is needed
	}()
	err := fn(callctx.WithTransaction(ctx, tx.db.module), tx)
	if tx.broken != nil {
		return tx.broken // whatever fn made of it: the server has undone the work so far
	}
	if err != nil {
		return err
	}
	tx.voidAndCloseRows()
	began := time.Now()
	if err := transaction.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	tx.db.meter.observeCommit(began, 1)
	return nil
}

// isRetryable reports whether the transaction was undone for no fault of its own:
// deadlock, lock wait, a row changed since the snapshot (MariaDB), or a connection that
// was dead before the transaction began.
func isRetryable(err error) bool {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return my.Number == 1213 || my.Number == 1205 || my.Number == 1020
	}
	return errors.Is(err, driver.ErrBadConn)
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
