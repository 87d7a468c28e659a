package events

import (
	"context"
	"sync"
	"time"
)

// linger is how long the ledger waits for more before it writes: nobody waits for the
// mark, and a row marked late is at worst delivered twice.
const linger = 5 * time.Millisecond

// ledger knows which rows are in hand and writes down, off the path of delivery, what
// became of them.
type ledger struct {
	outbox *outbox
	// written tells the lanes that debts are in the table.
	written func([]debt)
	trouble *trouble

	mu       sync.Mutex
	inHand   map[int64]*held
	debts    []debt
	finished []finished
	kick     chan struct{}
}

// held is a row in hand and how many lanes still have it.
type held struct {
	row
	lanes int
	owed  bool
}

// finished is a row that no lane has any more.
type finished struct {
	row
	owed bool
}

func newLedger(o *outbox, t *trouble, written func([]debt)) *ledger {
	return &ledger{outbox: o, written: written, trouble: t, inHand: map[int64]*held{}, kick: make(chan struct{}, 1)}
}

// inFlightSeqs gives the numbers of the rows in hand.
func (l *ledger) inFlightSeqs() []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]int64, 0, len(l.inHand))
	for seq := range l.inHand {
		out = append(out, seq)
	}
	return out
}

// trackRow takes a row in hand for a number of lanes.
func (l *ledger) trackRow(r row, lanes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &held{row: r, lanes: lanes}
	l.inHand[r.seq] = e
	if lanes == 0 {
		l.markFinished(e)
	}
}

// markDelivered says that one lane is done with the rows.
func (l *ledger) markDelivered(rows []row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range rows {
		l.completeDestination(r, false)
	}
}

// markDeferred says that one lane is done with the rows and its destination has not got
// them.
func (l *ledger) markDeferred(destination string, rows []row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range rows {
		l.debts = append(l.debts, debt{r.seq, destination})
		l.completeDestination(r, true)
	}
	l.wake()
}

func (l *ledger) completeDestination(r row, owed bool) {
	e := l.inHand[r.seq]
	e.lanes--
	e.owed = e.owed || owed
	if e.lanes == 0 {
		l.markFinished(e)
	}
}

func (l *ledger) markFinished(e *held) {
	l.finished = append(l.finished, finished{row: e.row, owed: e.owed})
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
			ended = sleepOrStop(hard, linger, last)
		case <-last:
			ended = true
		}
		for pause := time.Duration(0); !l.flushPending(hard); {
			pause = nextPause(pause)
			if sleepOrStop(hard, pause, nil); hard.Err() != nil {
				return
			}
		}
	}
}

// flushPending writes everything there is, all debts of a row no later than the row. It
// reports whether that went well.
func (l *ledger) flushPending(ctx context.Context) bool {
	l.mu.Lock()
	debts, done := l.debts, l.finished
	l.mu.Unlock()
	if len(debts)+len(done) == 0 {
		return true
	}
	err := l.outbox.recordOutcome(ctx, debts, done)
	if l.trouble.noteResult(ctx, err); err != nil {
		return false
	}
	l.mu.Lock()
	l.debts, l.finished = l.debts[len(debts):], l.finished[len(done):]
	for _, f := range done {
		delete(l.inHand, f.seq)
	}
	l.mu.Unlock()
	l.written(debts)
	return true
}
