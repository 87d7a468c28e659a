package relay

import (
	"context"
	"sync"
	"time"

	"app/platform/events/internal/attempt"
	"app/platform/events/outbox"
)

// linger is how long the tracker waits for more before it writes: nobody waits for the
// mark, and a row marked late is at worst delivered twice.
const linger = 5 * time.Millisecond

// tracker knows which rows are in flight and records, off the path of delivery, what
// became of them.
type tracker struct {
	outbox *outbox.Table
	// recorded says to the queues that deferrals are in the table.
	recorded func([]outbox.Deferral)
	reporter *attempt.Reporter

	mu        sync.Mutex
	inFlight  map[int64]*trackedRow
	deferrals []outbox.Deferral
	finished  []outbox.Finished
	kick      chan struct{}
}

// trackedRow is a row in flight and how many queues still have it.
type trackedRow struct {
	outbox.Row
	queues   int
	deferred bool
}

func newTracker(table *outbox.Table, reporter *attempt.Reporter, recorded func([]outbox.Deferral)) *tracker {
	return &tracker{outbox: table, recorded: recorded, reporter: reporter, inFlight: map[int64]*trackedRow{}, kick: make(chan struct{}, 1)}
}

// inFlightSeqs gives the numbers of the rows in flight.
func (t *tracker) inFlightSeqs() []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]int64, 0, len(t.inFlight))
	for seq := range t.inFlight {
		out = append(out, seq)
	}
	return out
}

// trackRow notes a row as in flight for a number of queues.
func (t *tracker) trackRow(r outbox.Row, queues int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &trackedRow{Row: r, queues: queues}
	t.inFlight[r.Seq] = e
	if queues == 0 {
		t.markFinished(e)
	}
}

// markDelivered says that one queue is done with the rows.
func (t *tracker) markDelivered(rows []outbox.Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range rows {
		t.completeDestination(r, false)
	}
}

// markDeferred says that one queue is done with the rows and its destination has not
// got them.
func (t *tracker) markDeferred(destination string, rows []outbox.Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range rows {
		t.deferrals = append(t.deferrals, outbox.Deferral{Seq: r.Seq, Destination: destination})
		t.completeDestination(r, true)
	}
	t.wake()
}

func (t *tracker) completeDestination(r outbox.Row, deferred bool) {
	e := t.inFlight[r.Seq]
	e.queues--
	e.deferred = e.deferred || deferred
	if e.queues == 0 {
		t.markFinished(e)
	}
}

func (t *tracker) markFinished(e *trackedRow) {
	t.finished = append(t.finished, outbox.Finished{Row: e.Row, Deferred: e.deferred})
	t.wake()
}

func (t *tracker) wake() {
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

// flushLoop writes until last is closed, then once more. When hard ends it gives up
// what is not written: those rows are still waiting and will be delivered again.
func (t *tracker) flushLoop(hard context.Context, last <-chan struct{}) {
	for ended := false; !ended; {
		select {
		case <-t.kick:
			ended = attempt.SleepOrStop(hard, linger, last)
		case <-last:
			ended = true
		}
		for pause := time.Duration(0); !t.flushPending(hard); {
			pause = attempt.NextPause(pause)
			if attempt.SleepOrStop(hard, pause, nil); hard.Err() != nil {
				return
			}
		}
	}
}

// flushPending writes everything there is, all deferrals of a row no later than the
// row. It reports whether that went well.
func (t *tracker) flushPending(ctx context.Context) bool {
	t.mu.Lock()
	deferrals, done := t.deferrals, t.finished
	t.mu.Unlock()
	if len(deferrals)+len(done) == 0 {
		return true
	}
	err := t.outbox.RecordOutcome(ctx, deferrals, done)
	if t.reporter.Report(ctx, err); err != nil {
		return false
	}
	t.mu.Lock()
	t.deferrals, t.finished = t.deferrals[len(deferrals):], t.finished[len(done):]
	for _, f := range done {
		delete(t.inFlight, f.Seq)
	}
	t.mu.Unlock()
	t.recorded(deferrals)
	return true
}
