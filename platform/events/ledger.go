package events

import (
	"context"
	"sync"
	"time"

	"app/platform/events/internal/attempt"
)

// linger is how long the ledger waits for more before it writes: nobody waits for the
// mark, and a row marked late is at worst delivered twice.
const linger = 5 * time.Millisecond

// ledger knows which rows are in flight and writes down, off the path of delivery, what
// became of them.
type ledger struct {
	outbox *outbox
	// written tells the queues that deferrals are in the table.
	written  func([]deferral)
	reporter *attempt.Reporter

	mu        sync.Mutex
	inFlight  map[int64]*held
	deferrals []deferral
	finished  []finished
	kick      chan struct{}
}

// held is a row in flight and how many queues still have it.
type held struct {
	row
	queues   int
	deferred bool
}

// finished is a row that no queue has any more.
type finished struct {
	row
	deferred bool
}

func newLedger(o *outbox, t *attempt.Reporter, written func([]deferral)) *ledger {
	return &ledger{outbox: o, written: written, reporter: t, inFlight: map[int64]*held{}, kick: make(chan struct{}, 1)}
}

// inFlightSeqs gives the numbers of the rows in flight.
func (l *ledger) inFlightSeqs() []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]int64, 0, len(l.inFlight))
	for seq := range l.inFlight {
		out = append(out, seq)
	}
	return out
}

// trackRow notes a row as in flight for a number of queues.
func (l *ledger) trackRow(r row, queues int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &held{row: r, queues: queues}
	l.inFlight[r.seq] = e
	if queues == 0 {
		l.markFinished(e)
	}
}

// markDelivered says that one queue is done with the rows.
func (l *ledger) markDelivered(rows []row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range rows {
		l.completeDestination(r, false)
	}
}

// markDeferred says that one queue is done with the rows and its destination has not
// got them.
func (l *ledger) markDeferred(destination string, rows []row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range rows {
		l.deferrals = append(l.deferrals, deferral{r.seq, destination})
		l.completeDestination(r, true)
	}
	l.wake()
}

func (l *ledger) completeDestination(r row, deferred bool) {
	e := l.inFlight[r.seq]
	e.queues--
	e.deferred = e.deferred || deferred
	if e.queues == 0 {
		l.markFinished(e)
	}
}

func (l *ledger) markFinished(e *held) {
	l.finished = append(l.finished, finished{row: e.row, deferred: e.deferred})
	l.wake()
}

func (l *ledger) wake() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// flushLoop writes until last is closed, then once more. When hard ends it gives up
// what is not written: those rows are still waiting and will be delivered again.
func (l *ledger) flushLoop(hard context.Context, last <-chan struct{}) {
	for ended := false; !ended; {
		select {
		case <-l.kick:
			ended = attempt.SleepOrStop(hard, linger, last)
		case <-last:
			ended = true
		}
		for pause := time.Duration(0); !l.flushPending(hard); {
			pause = attempt.NextPause(pause)
			if attempt.SleepOrStop(hard, pause, nil); hard.Err() != nil {
				return
			}
		}
	}
}

// flushPending writes everything there is, all deferrals of a row no later than the
// row. It reports whether that went well.
func (l *ledger) flushPending(ctx context.Context) bool {
	l.mu.Lock()
	deferrals, done := l.deferrals, l.finished
	l.mu.Unlock()
	if len(deferrals)+len(done) == 0 {
		return true
	}
	err := l.outbox.recordOutcome(ctx, deferrals, done)
	if l.reporter.Report(ctx, err); err != nil {
		return false
	}
	l.mu.Lock()
	l.deferrals, l.finished = l.deferrals[len(deferrals):], l.finished[len(done):]
	for _, f := range done {
		delete(l.inFlight, f.seq)
	}
	l.mu.Unlock()
	l.written(deferrals)
	return true
}
