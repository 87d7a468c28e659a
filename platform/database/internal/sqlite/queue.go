package sqlite

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"app/platform/database/internal/engine"
)

// caller is one Write on its way through the queue and the commit.
type caller struct {
	wake  chan struct{} // once for the turn when queued, once for the commit's outcome
	next  *caller       // in the queue, then in the list of those waiting
	state atomic.Int32
	again bool  // it has run before, and is expected
	err   error // outcome of the commit
}

const (
	queued int32 = iota
	granted
	gone
)

// acquireTurn waits for the turn. A caller whose context ends first leaves the queue.
func (w *writer) acquireTurn(ctx context.Context, c *caller) error {
	w.mu.Lock()
	switch {
	case c.again:
		w.repeating--
	case w.closed:
		w.mu.Unlock()
		return engine.ErrClosed
	}
	if !w.taken {
		w.taken = true
		w.mu.Unlock()
		return nil
	}
	if w.tail == nil {
		w.head = c
	} else {
		w.tail.next = c
	}
	w.tail = c
	w.length++
	w.mu.Unlock()
	select {
	case <-c.wake:
		return nil
	case <-ctx.Done():
	}
	if c.state.CompareAndSwap(queued, gone) {
		return ctx.Err()
	}
	<-c.wake // too late to leave: the turn has been given
	return nil
}

// expectRepeats says that so many callers will enter once more, also when the writer is
// closed meanwhile.
func (w *writer) expectRepeats(callers int) {
	w.mu.Lock()
	w.repeating += callers
	w.mu.Unlock()
}

// passTurn hands the turn to the next caller, after a commit when the batch is
// complete.
func (w *writer) passTurn() {
	if w.open {
		if w.batch < maxBatch && time.Since(w.started) < w.hold {
			if next := w.nextInBatch(); next != nil {
				next.wake <- struct{}{}
				return
			}
		}
		w.commitBatch()
	}
	w.mu.Lock()
	next := w.popCaller()
	if next == nil {
		w.taken = false
		w.idle.Broadcast()
	}
	w.mu.Unlock()
	if next != nil {
		next.wake <- struct{}{}
	}
}

// nextInBatch takes a caller from the queue to join the batch. While others are about
// to run they may be on their way here: they are let past, a few times. Where nobody
// is, that takes well under a microsecond.
func (w *writer) nextInBatch() *caller {
	for yielded := 0; ; yielded++ {
		w.mu.Lock()
		c := w.popCaller()
		w.mu.Unlock()
		if c != nil || yielded == maxYields {
			return c
		}
		runtime.Gosched()
	}
}

// popCaller takes the first caller that has not left. w.mu is held.
func (w *writer) popCaller() *caller {
	for w.head != nil {
		c := w.head
		w.head, c.next = c.next, nil
		w.length--
		if w.head == nil {
			w.tail = nil
		}
		if c.state.CompareAndSwap(queued, granted) {
			return c
		}
	}
	return nil
}
