// Package relay carries the events of a module from its outbox to their destinations.
//
// A Relay works while it holds the module's lease. It reads the rows that wait and puts
// each into a queue for every destination; a queue sends one batch at a time. The
// tracker marks rows as sent afterwards, many at once. What a destination that is away,
// or slow, has still to get is deferred, in the table events_owed: so nothing waits for
// that destination, and its own events stay in order. Every step may be repeated or cut
// short at any moment.
package relay

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/internal/attempt"
	"app/platform/events/internal/batch"
	"app/platform/events/internal/metrics"
	"app/platform/events/internal/wakeup"
	"app/platform/events/outbox"
	"app/platform/ids"
)

// retention is how long events are kept that all destinations have.
const retention = 7 * 24 * time.Hour

// Relay hands the events of one module on. Of several, in this process or others, the
// holder of the lease works.
type Relay struct {
	module  string
	db      *database.DB
	routes  map[string][]string // destinations by type
	sends   map[string]Send     // by destination
	former  []string            // destinations of other arrangements, to which there is no way
	lease   *lease
	outbox  *outbox.Table
	logger  *slog.Logger
	now     func() time.Time
	metrics *metrics.Metrics
	waker   *wakeup.Relay
}

// Send brings a batch to a destination. When it returns nil the destination has all of
// it and will not lose it.
type Send func(ctx context.Context, batch []events.Envelope) error

// Options say what a relay is made of. Nothing of it may be missing but Former.
type Options struct {
	Module string
	DB     *database.DB
	// Routes are the destinations by type of event, Sends the ways to all of them.
	Routes map[string][]string
	Sends  map[string]Send
	// Former are destinations to which there is no way any more: what is deferred for
	// them is routed anew.
	Former []string
	Now    func() time.Time
	// Logger says which module it is for.
	Logger  *slog.Logger
	Metrics *metrics.Metrics
}

// New makes a relay, which does nothing yet.
func New(o Options) *Relay {
	return &Relay{
		module: o.Module, db: o.DB, routes: o.Routes, sends: o.Sends, former: o.Former, now: o.Now,
		lease:  &lease{db: o.DB, holder: ids.New("rly", o.Now()), now: o.Now},
		outbox: outbox.New(o.Module, o.DB), logger: o.Logger, metrics: o.Metrics,
		waker: wakeup.NewRelay(o.DB, o.Routes),
	}
}

// Attach lets events.Emit wake the relay, and refuse types that it has no route for.
func (r *Relay) Attach() { wakeup.Add(r.waker) }

// Detach ends what Attach began.
func (r *Relay) Detach() { wakeup.Remove(r.waker) }

// Run works whenever the lease can be had, until soft ends. hard ends what then is
// still on its way.
func (r *Relay) Run(soft, hard context.Context) {
	t := attempt.NewReporter(r.logger, "taking the relay's lease")
	for soft.Err() == nil {
		won, err := r.lease.tryAcquire(soft)
		if t.Report(soft, err); won {
			r.relayEvents(soft, hard)
		} else {
			attempt.SleepOrStop(soft, leaseRenew, nil)
		}
	}
}

// relayEvents relays until soft ends or the lease is lost.
func (r *Relay) relayEvents(soft, hard context.Context) {
	soft, lost := context.WithCancel(soft)
	defer lost()
	s := r.newSession()
	last := make(chan struct{})
	var queues, others sync.WaitGroup
	others.Go(func() { r.keepLease(soft, lost) })
	others.Go(func() { r.sweepOften(soft) })
	others.Go(func() { s.tracker.flushLoop(hard, last) })
	others.Go(func() { s.rerouteOften(soft) })
	for _, q := range s.queues {
		queues.Go(func() { q.deliverLoop(soft, hard) })
	}
	s.readOutbox(soft)
	queues.Wait()
	close(last)
	others.Wait()
	if hard.Err() == nil {
		r.newReporter("giving back the relay's lease").Report(hard, r.lease.release(hard))
	}
}

// keepLease renews the lease, and calls lost when it has run out or gone to another.
func (r *Relay) keepLease(ctx context.Context, lost func()) {
	end := time.AfterFunc(leaseTTL, lost)
	defer end.Stop()
	t := r.newReporter("renewing the relay's lease")
	for !attempt.SleepOrStop(ctx, leaseRenew, nil) {
		won, err := r.lease.acquireOrRenew(ctx)
		t.Report(ctx, err)
		switch {
		case won:
			end.Reset(leaseTTL)
		case err == nil:
			r.logger.WarnContext(ctx, "another relay has taken the lease")
			lost()
		}
	}
}

func (r *Relay) sweepOften(ctx context.Context) {
	batch.SweepOften(ctx, r.newReporter("sweeping the outbox"), func(ctx context.Context) (int, error) {
		return r.outbox.DeleteSentBefore(ctx, r.now().Add(-retention))
	})
}

func (r *Relay) newReporter(what string) *attempt.Reporter {
	return attempt.NewReporter(r.logger, what)
}
