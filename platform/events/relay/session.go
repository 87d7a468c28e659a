package relay

import (
	"context"
	"time"

	"app/platform/database"
	"app/platform/events/internal/attempt"
	"app/platform/events/internal/batch"
	"app/platform/events/outbox"
)

const (
	// poll is how often a relay looks for rows without being woken, and for older ones
	// behind those in flight: commits of other processes, lost wake-ups, events that are
	// sent again.
	poll = 500 * time.Millisecond
	// patience is how long a queue that has no room may keep the others waiting.
	patience = 250 * time.Millisecond
	// unknown stands for the destinations of a type that this program does not know;
	// another version may.
	unknown = "?"
)

// session is the memory of a relay while it holds the lease.
type session struct {
	*Relay
	tracker *tracker
	queues  map[string]*queue
	moved   chan struct{}
}

func (r *Relay) newSession() *session {
	s := &session{Relay: r, queues: map[string]*queue{}, moved: make(chan struct{}, 1)}
	s.tracker = newTracker(r.outbox, r.newReporter("writing the outbox"), s.confirmRecorded)
	for destination, send := range r.sends {
		s.queues[destination] = &queue{
			destination: destination, send: send, outbox: r.outbox, tracker: s.tracker,
			reporter: r.newReporter("delivery to " + destination), sent: r.metrics.Delivered.WithLabelValues(r.module, destination),
			moved: s.signalMoved, work: make(chan struct{}, 1), mode: closing, size: batch.Rows,
		}
	}
	return s
}

func (s *session) signalMoved() {
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

func (s *session) confirmRecorded(deferrals []outbox.Deferral) {
	counts := map[string]int{}
	for _, d := range deferrals {
		counts[d.Destination]++
	}
	for destination, n := range counts {
		if q := s.queues[destination]; q != nil {
			q.confirmDeferred(n)
		}
	}
}

// readOutbox brings waiting rows into the queues until ctx ends.
func (s *session) readOutbox(ctx context.Context) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	t := s.newReporter("reading the outbox")
	t.Report(ctx, s.rerouteDeferred(ctx, append(s.former[:len(s.former):len(s.former)], unknown)))
	brief := false
	for ctx.Err() == nil {
		rows, more, err := s.readDurable(ctx, brief)
		t.Report(ctx, err)
		for _, r := range rows {
			s.routeRow(r)
		}
		s.makeRoom(ctx)
		brief = !s.waitForWork(ctx, tick.C, more)
	}
}

// readDurable reads waiting rows and returns them once a crash of the database cannot
// take them back. None are returned when the lease has gone to another relay.
//
// InnoDB shows a commit to others before its log is on the disk, so what is read may
// yet be lost; handed on, it would be an event of something that never happened. A
// commit after the read settles that, because the log is written in order, and the
// lease has to be renewed anyway. SQLite shows a commit only once it is on the disk.
// TestRelay_DatabaseKilledAtHandOver.
func (s *session) readDurable(ctx context.Context, brief bool) (rows []outbox.Row, more bool, err error) {
	rows, more, err = s.outbox.ReadPending(ctx, s.tracker.inFlightSeqs(), brief)
	if err != nil || len(rows) == 0 || s.db.Engine() == database.SQLite {
		return rows, more, err
	}
	won, err := s.lease.acquireOrRenew(ctx)
	if err != nil || !won {
		return nil, false, err
	}
	return rows, more, nil
}

// waitForWork waits for a wake-up, unless there is more, or for the tick, and reports
// whether it was time for that.
func (s *session) waitForWork(ctx context.Context, tick <-chan time.Time, more bool) bool {
	select {
	case <-tick: // first: who is woken all the time polls too
		return true
	default:
	}
	if more {
		return false
	}
	select {
	case <-s.waker.Woken():
		return false
	case <-tick:
	case <-ctx.Done():
	}
	return true
}

// rerouteDeferred takes the events deferred for the destinations back into the stream.
func (s *session) rerouteDeferred(ctx context.Context, destinations []string) error {
	for _, d := range destinations {
		if err := s.outbox.ReopenDeferred(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// rerouteOften finds what a relay of another arrangement wrote down after it had lost
// its lease.
func (s *session) rerouteOften(ctx context.Context) {
	t := s.newReporter("routing deferred events anew")
	for len(s.former) > 0 && !attempt.SleepOrStop(ctx, recheck, nil) {
		t.Report(ctx, s.rerouteDeferred(ctx, s.former))
	}
}

// routeRow offers a row to the queue of each of its destinations.
func (s *session) routeRow(r outbox.Row) {
	destinations, known := s.routes[r.Type]
	if !known {
		s.logger.Warn("no route for a type of event, which is kept for a newer version", "type", r.Type, "event_id", r.ID)
		s.tracker.trackRow(r, 1)
		s.tracker.markDeferred(unknown, []outbox.Row{r})
		return
	}
	s.tracker.trackRow(r, len(destinations))
	for _, d := range destinations {
		s.queues[d].enqueueRow(r)
	}
}

// makeRoom waits while a queue is full. When that has kept an idle queue waiting for
// too long, full queues go on through the table of deferrals.
func (s *session) makeRoom(ctx context.Context) {
	for {
		full, idle := s.fullDestinations()
		if len(full) == 0 {
			return
		}
		if attempt.SleepOrStop(ctx, patience, s.moved) {
			if ctx.Err() != nil {
				return
			}
			continue
		}
		if idle {
			for _, q := range full {
				q.deferQueued()
			}
		}
	}
}

func (s *session) fullDestinations() (full []*queue, anyIdle bool) {
	for _, q := range s.queues {
		f, idle := q.queueStatus()
		if f {
			full = append(full, q)
		}
		anyIdle = anyIdle || idle
	}
	return full, anyIdle
}
