package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"app/platform/database/internal/engine"
)

const (
	// maxBatch bounds the callers that share a commit, maxHold the time the first of
	// them waits for the last, maxYields how often the others are let past while nobody
	// waits.
	maxBatch  = 128
	maxHold   = 4 * time.Millisecond
	maxYields = 4
	// busyTries times busyWait is how long another process may keep the file before a
	// Write gives up: 30 s.
	busyTries = 120
	busyWait  = 250 * time.Millisecond
)

// writer lets callers write one after another on one connection and commits for all who
// are waiting at once. There is no goroutine behind it: the turn is handed from caller
// to caller, so that every function runs in the goroutine of whoever called Write (a
// panic, or runtime.Goexit from a test, stays there), and a lone caller never waits for
// a second goroutine to wake up. Who ends a turn with nobody queued commits for all
// before it.
//
// Who fails having changed something must take its changes back and no others.
// Savepoints do that, at the price of a copy of every page that a caller changes: a
// quarter of what a small write costs. So most batches have none. When one is needed
// after all, the whole batch is rolled back and its callers run again, each in a
// savepoint, as do those of the next batches, for failures come in flocks.
type writer struct {
	conn  *sql.Conn
	raw   *preparedConn
	meter engine.Observer

	mu         sync.Mutex
	taken      bool // somebody has the turn
	closed     bool
	head, tail *caller // queue
	length     int     // of the queue, callers that have left included
	repeating  int     // callers on their way back to run again
	idle       sync.Cond

	// The rest belongs to whoever has the turn.
	open    bool    // a transaction has begun
	waiting *caller // callers that depend on the next commit, the latest first
	batch   int     // how many they are
	done    int     // how many of them have changes in it
	fenced  bool    // each has a savepoint
	fences  int     // how many batches to come will be fenced
	started time.Time
	hold    time.Duration // maxHold, but for tests of what callers share

	writes, commits, repeats atomic.Uint64

	// callers are used again, within this writer only: a test that runs in a bubble
	// (testing/synctest) may not touch channels from outside it.
	callers sync.Pool
}

func newWriter(conn *sql.Conn, raw *preparedConn, meter engine.Observer) *writer {
	w := &writer{conn: conn, raw: raw, meter: meter, hold: maxHold}
	w.callers.New = func() any { return &caller{wake: make(chan struct{}, 1)} }
	w.idle.L = &w.mu
	return w
}

// write does one Write.
func (w *writer) write(ctx context.Context, fn engine.Work) error {
	err := w.writeOnce(ctx, fn, false)
	if err != errAgain { //nolint:errorlint // it is never wrapped, and no work can know it
		return err
	}
	ctx = context.WithoutCancel(ctx) // it has started, so it is completed
	for err == errAgain {            //nolint:errorlint // as above
		w.repeats.Add(1)
		err = w.writeOnce(ctx, fn, true)
	}
	return err
}

// writeOnce brings a caller from the queue to the outcome of its commit.
func (w *writer) writeOnce(ctx context.Context, fn engine.Work, again bool) error {
	c, _ := w.callers.Get().(*caller)
	c.again = again
	began := time.Now()
	if err := w.acquireTurn(ctx, c); err != nil {
		return err // c may still be in the queue: it is not reused
	}
	w.meter.ObserveWait(began)
	session := &engine.Session{Conn: w.conn, Base: context.Background(), Writing: true}
	dependent, err := w.runTurn(ctx, c, session, fn)
	if dependent {
		<-c.wake
		if c.err != nil {
			err = c.err
		}
	}
	*c = caller{wake: c.wake}
	w.callers.Put(c)
	return err
}

// runTurn runs fn and passes the turn on. It reports whether the result depends on a
// commit that others may have to make: then c is woken with the outcome.
func (w *writer) runTurn(ctx context.Context, c *caller, session *engine.Session, fn engine.Work) (dependent bool, err error) {
	defer func() { w.passTurn() }() // also after a panic
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := w.beginBatch(ctx); err != nil {
		return false, err
	}
	if w.fenced {
		if err := w.raw.execControl("SAVEPOINT caller"); err != nil {
			w.rollbackBatch(err)
			return false, err
		}
	}
	again, err := w.runWork(ctx, session, fn)
	if again {
		w.expectRepeats(1)
		return false, errAgain
	}
	if !w.open {
		return false, err
	}
	// A failed caller waits as well: what it saw and judged by may not have been
	// committed yet.
	c.next, w.waiting = w.waiting, c
	w.batch++
	if err == nil {
		w.done++
	}
	return true, err
}

// runWork runs fn and keeps or undoes its work; it undoes it as well when fn panics. It
// reports whether fn has to run again.
func (w *writer) runWork(ctx context.Context, session *engine.Session, fn engine.Work) (again bool, err error) {
	w.raw.changed, w.raw.failed = false, false
	returned := false
	defer func() {
		session.End()
		if !returned || err != nil {
			again = w.undoWork(err)
		}
	}()
	err = fn(context.WithoutCancel(ctx), session)
	returned = true
	if err != nil {
		return false, err
	}
	session.End()
	return false, w.keepInBatch()
}

// beginBatch starts the transaction of a batch and waits while another process writes
// to the file.
func (w *writer) beginBatch(ctx context.Context) error {
	if w.open {
		return nil
	}
	for try := 1; ; try++ {
		err := w.raw.execControl("BEGIN IMMEDIATE")
		switch {
		case err == nil:
			w.open, w.fenced, w.started = true, w.fences > 0, time.Now()
			w.fences = max(w.fences-1, 0)
			return nil
		case !IsBusy(err):
			_ = w.raw.execControl("ROLLBACK") // in case a lost transaction is still open
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case try == busyTries:
			return fmt.Errorf("another process keeps the database locked: %w", err)
		}
	}
}

// commitBatch makes the batch durable and tells everybody in it.
func (w *writer) commitBatch() {
	if w.done == 0 {
		w.rollbackBatch(nil)
		return
	}
	began := time.Now()
	if err := w.raw.execControl("COMMIT"); err != nil {
		w.rollbackBatch(err)
		return
	}
	w.meter.ObserveCommit(began, w.done)
	w.commits.Add(1)
	w.writes.Add(uint64(w.done))
	w.finishBatch(nil)
}

// rollbackBatch ends the transaction and gives err to everybody in the batch.
func (w *writer) rollbackBatch(err error) {
	_ = w.raw.execControl("ROLLBACK") // fails when SQLite has rolled back already
	if err != nil {
		err = fmt.Errorf("commit: %w", err)
	}
	w.finishBatch(err)
}

func (w *writer) finishBatch(err error) {
	c := w.waiting
	if err == errAgain { //nolint:errorlint // never wrapped
		w.expectRepeats(w.batch)
	}
	w.waiting, w.open, w.batch, w.done = nil, false, 0, 0
	for c != nil {
		next := c.next
		c.err = err
		c.wake <- struct{}{} // from here on c belongs to its goroutine
		c = next
	}
}

// close waits until nobody has the turn, waits for it or comes back for it.
func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for w.taken || w.repeating > 0 {
		w.idle.Wait()
	}
	return w.conn.Close()
}

// readBetweenBatches runs queries on the writer's connection between two transactions.
func (w *writer) readBetweenBatches(ctx context.Context, fn engine.Work) error {
	c, _ := w.callers.Get().(*caller)
	if err := w.acquireTurn(ctx, c); err != nil {
		return err
	}
	defer w.passTurn()
	if w.open {
		w.commitBatch()
	}
	session := &engine.Session{Conn: w.conn, Base: context.Background()}
	defer session.End()
	return fn(ctx, session)
}
