package relay

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/events"
	"app/platform/events/internal/attempt"
	"app/platform/events/internal/batch"
	"app/platform/events/outbox"
)

const (
	// queueRows and queueBytes are how much may wait in memory for one destination
	// before the queue counts as full.
	queueRows  = batch.Rows
	queueBytes = 8 * batch.Bytes
	// sendTimeout bounds one batch. What was handled of a batch that failed is known to
	// the inbox.
	sendTimeout = 10 * time.Second
	// recheck is how often a queue looks for deferrals it does not know of, left by a
	// relay that had lost its lease.
	recheck = 5 * time.Second
)

// mode says where the rows of a queue go.
type mode int

const (
	// flowing: nothing is deferred; rows pass through memory.
	flowing mode = iota
	// closing: the last deferrals are being sent; rows that come meanwhile wait in
	// memory behind them.
	closing
	// behind: rows go to the table of deferrals.
	behind
)

// queue is a destination queue: it brings rows to one destination, one batch at a time
// and in order. Whatever is wrong with the destination stays in its queue: the others
// never wait for it.
type queue struct {
	destination string
	send        Send
	outbox      *outbox.Table
	tracker     *tracker
	reporter    *attempt.Reporter
	sent        prometheus.Counter
	// moved says to the reader that there is room again.
	moved func()
	work  chan struct{}

	mu      sync.Mutex
	mode    mode
	waiting []outbox.Row
	bytes   int
	busy    bool
	// recording counts rows on their way into the table of deferrals.
	recording int
	// size is the length of the next batch: halved by a failure, doubled by a success.
	size int
}

// enqueueRow takes a row from the reader.
func (q *queue) enqueueRow(r outbox.Row) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mode == behind {
		q.deferRows([]outbox.Row{r})
		return
	}
	q.waiting = append(q.waiting, r)
	q.bytes += len(r.Payload)
	q.wake()
}

// queueStatus reports whether the queue has no room, and whether it has nothing to do.
func (q *queue) queueStatus() (full, idle bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	full = len(q.waiting) >= queueRows || q.bytes >= queueBytes
	return full, q.mode == flowing && len(q.waiting) == 0 && !q.busy
}

// deferQueued moves everything that waits in memory to the table of deferrals, where
// what comes next will go too.
func (q *queue) deferQueued() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fallBehind(nil)
}

// fallBehind defers the rows and whatever is queued behind them.
func (q *queue) fallBehind(rows []outbox.Row) {
	q.mode = behind
	q.deferRows(append(rows, q.waiting...))
	q.waiting, q.bytes = nil, 0
	q.moved()
}

func (q *queue) deferRows(rows []outbox.Row) {
	if len(rows) > 0 {
		q.recording += len(rows)
		q.tracker.markDeferred(q.destination, rows)
	}
}

// confirmDeferred says that n deferrals of this queue are in the table.
func (q *queue) confirmDeferred(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.recording -= n
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.work <- struct{}{}:
	default:
	}
}

// deliverLoop works until soft ends. A batch on its way is then completed, unless hard
// ends too.
func (q *queue) deliverLoop(soft, hard context.Context) {
	look := time.NewTicker(recheck)
	defer look.Stop()
	for pause := time.Duration(0); soft.Err() == nil; {
		moved, err := q.sendNextBatch(soft, hard)
		switch q.reporter.Report(hard, err); {
		case err != nil:
			pause = attempt.NextPause(pause)
			attempt.SleepOrStop(soft, pause, nil)
		case moved:
			pause = 0
		default:
			select {
			case <-q.work:
			case <-look.C:
				q.switchMode(flowing, closing)
			case <-soft.Done():
			}
		}
	}
}

// sendNextBatch sends one batch, of deferrals first when there are any, and reports
// whether it got on.
func (q *queue) sendNextBatch(soft, hard context.Context) (moved bool, err error) {
	if rows := q.dequeueBatch(); len(rows) > 0 {
		return true, q.deliverQueued(hard, rows)
	}
	if q.isInMode(flowing) {
		return false, nil
	}
	// Nothing on its way into the table before it is read, and nothing in it then:
	// nothing is deferred.
	none := q.isInMode(closing) && !q.hasUnrecordedDeferrals()
	rows, err := q.readDeferred(soft)
	switch {
	case err != nil:
		return false, err
	case len(rows) > 0:
		return true, q.deliverDeferred(hard, rows)
	}
	return q.switchMode(behind, closing) || none && q.switchMode(closing, flowing), nil
}

// dequeueBatch empties the queue when rows may flow.
func (q *queue) dequeueBatch() []outbox.Row {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mode != flowing || len(q.waiting) == 0 {
		return nil
	}
	n, bytes := 0, 0
	for n < min(len(q.waiting), q.size) && bytes < batch.Bytes {
		bytes += len(q.waiting[n].Payload)
		n++
	}
	rows := q.waiting[:n:n]
	q.waiting, q.bytes = q.waiting[n:], q.bytes-bytes
	q.busy = true
	q.moved()
	return rows
}

func (q *queue) isInMode(m mode) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mode == m
}

// hasUnrecordedDeferrals reports whether deferrals are on their way into the table.
func (q *queue) hasUnrecordedDeferrals() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.recording > 0
}

func (q *queue) switchMode(from, to mode) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mode != from {
		return false
	}
	q.mode = to
	return true
}

// readDeferred reads a batch from the table. When there are no more, rows that come
// from now on wait in memory.
func (q *queue) readDeferred(ctx context.Context) ([]outbox.Row, error) {
	q.mu.Lock()
	size := q.size
	q.mu.Unlock()
	rows, more, err := q.outbox.ReadDeferred(ctx, q.destination, size)
	if err == nil && len(rows) > 0 && !more {
		q.switchMode(behind, closing)
	}
	return rows, err
}

// deliverQueued sends rows that came through memory.
func (q *queue) deliverQueued(ctx context.Context, rows []outbox.Row) error {
	err := q.sendBatch(ctx, rows)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = false
	if err != nil {
		q.fallBehind(rows)
		return err
	}
	q.tracker.markDelivered(rows)
	return nil
}

// deliverDeferred sends rows that come from the table.
func (q *queue) deliverDeferred(ctx context.Context, rows []outbox.Row) error {
	err := q.sendBatch(ctx, rows)
	if err != nil {
		q.deferQueued()
		return err
	}
	return q.outbox.MarkDeferredSent(ctx, q.destination, rows)
}

func (q *queue) sendBatch(ctx context.Context, rows []outbox.Row) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	envelopes := make([]events.Envelope, len(rows))
	for i, r := range rows {
		envelopes[i] = r.Envelope
	}
	err := q.send(ctx, envelopes)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil {
		q.size = max(1, q.size/2)
		return err
	}
	q.size = min(batch.Rows, 2*q.size)
	q.sent.Add(float64(len(rows)))
	return nil
}
