package inbox

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/internal/attempt"
	"app/platform/events/internal/batch"
)

const (
	// retryBatch is how many failed events are read at a time, retryHandlers how many
	// are tried side by side.
	retryBatch    = 64
	retryHandlers = 8
	// retryPoll is how often the inbox looks for events that are due.
	retryPoll = 500 * time.Millisecond

	retention = 30 * 24 * time.Hour
)

// Retries say how often and when a failed event is tried again.
type Retries struct {
	// Limit is the number of attempts after which an event is dead, 12 when zero.
	Limit int
	// First is the delay after the first attempt, 500 ms when zero; it doubles with
	// each attempt, up to Longest, 10 minutes when zero. Each delay is shortened by up
	// to a half, differently for each event.
	First, Longest time.Duration
}

func (r Retries) withDefaults() Retries {
	if r.Limit <= 0 {
		r.Limit = 12
	}
	if r.First <= 0 {
		r.First = 500 * time.Millisecond
	}
	if r.Longest <= 0 {
		r.Longest = 10 * time.Minute
	}
	return r
}

// delayAfter is the wait after the given attempt.
func (r Retries) delayAfter(eventID string, attempt int) time.Duration {
	d := r.First
	for range attempt - 1 {
		if d = 2 * d; d >= r.Longest {
			d = r.Longest
			break
		}
	}
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, eventID, attempt) // spreads events that failed together; nothing secret about it
	return d - time.Duration(float64(d)/2*float64(h.Sum32()%1000)/1000)
}

// RetryOften tries failed events again when they are due, until soft ends. Attempts on
// their way are then completed, unless hard ends too.
func (in *Inbox) RetryOften(soft, hard context.Context) {
	t := attempt.NewReporter(in.logger, "retrying failed events")
	for soft.Err() == nil {
		more, err := in.retryOnce(soft, hard)
		if t.Report(soft, err); more && err == nil {
			continue
		}
		attempt.SleepOrStop(soft, retryPoll, nil)
	}
}

// retryOnce tries a batch of due events again and reports whether there may be more.
func (in *Inbox) retryOnce(soft, hard context.Context) (more bool, err error) {
	due, err := in.dueEntries(soft)
	if err != nil {
		return false, err
	}
	err = forEachParallel(len(due), retryHandlers, func(i int) error {
		if soft.Err() != nil {
			return nil //nolint:nilerr // stopping is no failure, and the event stays due
		}
		return in.retryEntry(hard, due[i])
	})
	return len(due) == retryBatch, err
}

func (in *Inbox) dueEntries(ctx context.Context) (out []Entry, err error) {
	err = in.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		now := in.now()
		out, err = readEntries(ctx, q, retryBatch, `WHERE state = 0 AND next_at <= ? ORDER BY next_at`, database.Micros(now))
		if err != nil || len(out) == retryBatch {
			return err
		}
		// What waits longer than any delay was put off before the clock went back.
		late, err := readEntries(ctx, q, retryBatch-len(out), `WHERE state = 0 AND next_at > ? ORDER BY next_at`,
			database.Micros(now.Add(in.retries.Longest+database.ClockSkew)))
		out = append(out, late...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	return out, nil
}

// retryEntry makes another attempt at a failed event. Its error is a failure of the
// database, not of the attempt.
func (in *Inbox) retryEntry(ctx context.Context, e Entry) error {
	t := task{in.subscriptionFor(e.Consumer), e.Envelope}
	body, err := t.consumer.Open(t.Envelope)
	if err == nil {
		err = in.handleInTransaction(ctx, t, body, func(ctx context.Context, tx *database.Tx) error {
			done := e
			done.State, done.Attempts, done.NextAt, done.LastError = Done, e.Attempts+1, in.now().Add(retention), ""
			return in.updateEntry(ctx, tx, done)
		})
	}
	if err == nil || errors.Is(err, errSeen) {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	next := in.failedEntry(ctx, t, e.Attempts+1, err)
	err = in.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error { return in.updateEntry(ctx, tx, next) })
	if errors.Is(err, errSeen) {
		return nil
	}
	return err
}

// subscriptionFor finds the consumer of a row. One that this program does not have may
// exist in another version.
func (in *Inbox) subscriptionFor(consumer string) events.Subscription {
	if s, ok := in.consumers[consumer]; ok {
		return s
	}
	return events.Subscription{Consumer: consumer, Open: func(events.Envelope) (events.Work, error) {
		return nil, fmt.Errorf("there is no consumer %s in this program", consumer)
	}}
}

// unclaimedSubscription is the consumer of events that nothing subscribes to: it fails
// until something does, then hands them over.
func (in *Inbox) unclaimedSubscription() events.Subscription {
	return events.Subscription{Consumer: in.module + unclaimed, Open: func(e events.Envelope) (events.Work, error) {
		subs := in.byType[e.Type]
		if len(subs) == 0 {
			return nil, fmt.Errorf("nothing in %s hears %s", in.module, e.Type)
		}
		return func(ctx context.Context, tx *database.Tx) error {
			for _, s := range subs {
				row := Entry{Consumer: s.Consumer, Envelope: e, State: Retrying, NextAt: in.now()}
				if err := in.insertEntry(ctx, tx, row); err != nil && !errors.Is(err, errSeen) {
					return err
				}
			}
			return nil
		}, nil
	}}
}

// SweepOften removes the rows of events that were handled long ago, until ctx ends.
func (in *Inbox) SweepOften(ctx context.Context) {
	batch.SweepOften(ctx, attempt.NewReporter(in.logger, "sweeping the inbox"), in.deleteExpired)
}

// deleteExpired removes one batch and returns how many there were.
func (in *Inbox) deleteExpired(ctx context.Context) (int, error) {
	var old []Entry
	err := in.db.ReadOne(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		old, err = readEntries(ctx, q, batch.Rows, `WHERE state = 1 AND next_at <= ? ORDER BY next_at`, database.Micros(in.now()))
		return err
	})
	if err == nil && len(old) > 0 {
		err = in.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			for _, e := range old {
				if _, err := tx.Exec(ctx, `DELETE FROM events_inbox WHERE consumer = ? AND event_id = ?`, e.Consumer, e.ID); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return 0, fmt.Errorf("sweep inbox: %w", err)
	}
	return len(old), nil
}
