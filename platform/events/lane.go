package events

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// laneRows and laneBytes are how much may wait in memory for one destination before
	// the lane counts as full.
	laneRows  = batchRows
	laneBytes = 8 * batchBytes
	// sendTimeout bounds one batch. What was handled of a batch that failed is known to
	// the inbox.
	sendTimeout = 10 * time.Second
	// recheck is how often a lane looks for debts it does not know of, left by a relay
	// that had lost its lease.
	recheck = 5 * time.Second
)

// mode says where the rows of a lane go.
type mode int

const (
	// flowing: nothing is owed; rows pass through memory.
	flowing mode = iota
	// closing: the last debts are being paid; rows that come meanwhile wait in memory
	// behind them.
	closing
	// behind: rows go to the table of debts.
	behind
)

// lane brings rows to one destination, one batch at a time and in order. Whatever is
// wrong with the destination stays in its lane: the others never wait for it.
type lane struct {
	destination string
	send        func(context.Context, []Envelope) error
	outbox      *outbox
	ledger      *ledger
	trouble     *trouble
	sent        prometheus.Counter
	// moved tells the reader that there is room again.
	moved func()
	work  chan struct{}

	mu    sync.Mutex
	mode  mode
	queue []row
	bytes int
	busy  bool
	// owing counts rows on their way into the table of debts.
	owing int
	// size is the length of the next batch: halved by a failure, doubled by a success.
	size int
}

// enqueueRow takes a row from the reader.
func (l *lane) enqueueRow(r row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode == behind {
		l.deferRows([]row{r})
		return
	}
	l.queue = append(l.queue, r)
	l.bytes += len(r.Payload)
	l.wake()
}

// queueStatus tells the reader whether the lane has no room, and whether it has nothing
// to do.
func (l *lane) queueStatus() (full, idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	full = len(l.queue) >= laneRows || l.bytes >= laneBytes
	return full, l.mode == flowing && len(l.queue) == 0 && !l.busy
}

// deferQueued moves everything that waits in memory to the table of debts, where what
// comes next will go too.
func (l *lane) deferQueued() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fallBehind(nil)
}

// fallBehind owes the rows and whatever is queued behind them.
func (l *lane) fallBehind(rows []row) {
	l.mode = behind
	l.deferRows(append(rows, l.queue...))
	l.queue, l.bytes = nil, 0
	l.moved()
}

func (l *lane) deferRows(rows []row) {
	if len(rows) > 0 {
		l.owing += len(rows)
		l.ledger.markDeferred(l.destination, rows)
	}
}

// confirmDeferred says that n debts of this lane are in the table.
func (l *lane) confirmDeferred(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owing -= n
	l.wake()
}

func (l *lane) wake() {
	select {
	case l.work <- struct{}{}:
	default:
	}
}

// deliverLoop works until soft ends. A batch on its way is then completed, unless hard
// ends too.
func (l *lane) deliverLoop(soft, hard context.Context) {
	look := time.NewTicker(recheck)
	defer look.Stop()
	for pause := time.Duration(0); soft.Err() == nil; {
		moved, err := l.sendNextBatch(soft, hard)
		switch l.trouble.noteResult(hard, err); {
		case err != nil:
			pause = nextPause(pause)
			sleepOrStop(soft, pause, nil)
		case moved:
			pause = 0
		default:
			select {
			case <-l.work:
			case <-look.C:
				l.switchMode(flowing, closing)
			case <-soft.Done():
			}
		}
	}
}

// sendNextBatch sends one batch, of debts first when there are any, and reports whether
// it got on.
func (l *lane) sendNextBatch(soft, hard context.Context) (moved bool, err error) {
	if rows := l.dequeueBatch(); len(rows) > 0 {
		return true, l.deliverQueued(hard, rows)
	}
	if l.isInMode(flowing) {
		return false, nil
	}
	// Nothing on its way into the table before it is read, and nothing in it then:
	// nothing is owed.
	none := l.isInMode(closing) && !l.hasUnrecordedDeferrals()
	rows, err := l.readDeferred(soft)
	switch {
	case err != nil:
		return false, err
	case len(rows) > 0:
		return true, l.deliverDeferred(hard, rows)
	}
	return l.switchMode(behind, closing) || none && l.switchMode(closing, flowing), nil
}

// dequeueBatch empties the queue when rows may flow.
func (l *lane) dequeueBatch() []row {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode != flowing || len(l.queue) == 0 {
		return nil
	}
	n, bytes := 0, 0
	for n < min(len(l.queue), l.size) && bytes < batchBytes {
		bytes += len(l.queue[n].Payload)
		n++
	}
	rows := l.queue[:n:n]
	l.queue, l.bytes = l.queue[n:], l.bytes-bytes
	l.busy = true
	l.moved()
	return rows
}

func (l *lane) isInMode(m mode) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mode == m
}

// hasUnrecordedDeferrals reports whether debts are on their way into the table.
func (l *lane) hasUnrecordedDeferrals() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owing > 0
}

func (l *lane) switchMode(from, to mode) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode != from {
		return false
	}
	l.mode = to
	return true
}

// readDeferred reads a batch from the table. When there are no more, rows that come
// from now on wait in memory.
func (l *lane) readDeferred(ctx context.Context) ([]row, error) {
	l.mu.Lock()
	size := l.size
	l.mu.Unlock()
	rows, more, err := l.outbox.readDeferred(ctx, l.destination, size)
	if err == nil && len(rows) > 0 && !more {
		l.switchMode(behind, closing)
	}
	return rows, err
}

// deliverQueued sends rows that came through memory.
func (l *lane) deliverQueued(ctx context.Context, rows []row) error {
	err := l.sendBatch(ctx, rows)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	if err != nil {
		l.fallBehind(rows)
		return err
	}
	l.ledger.markDelivered(rows)
	return nil
}

// deliverDeferred sends rows that were owed.
func (l *lane) deliverDeferred(ctx context.Context, rows []row) error {
	err := l.sendBatch(ctx, rows)
	if err != nil {
		l.deferQueued()
		return err
	}
	return l.outbox.markDeferredSent(ctx, l.destination, rows)
}

func (l *lane) sendBatch(ctx context.Context, rows []row) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	batch := make([]Envelope, len(rows))
	for i, r := range rows {
		batch[i] = r.Envelope
	}
	err := l.send(ctx, batch)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.size = max(1, l.size/2)
		return err
	}
	l.size = min(batchRows, 2*l.size)
	l.sent.Add(float64(len(rows)))
	return nil
}
