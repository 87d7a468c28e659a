// Package node is the events part of a process: it joins the relays of the modules that
// emit with the inboxes of the modules that subscribe, and starts and stops them.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/backlog"
	"app/platform/events/inbox"
	"app/platform/events/internal/attempt"
	"app/platform/events/internal/metrics"
	"app/platform/events/relay"
)

// ErrStopped is what a node answers to deliveries after Stop.
var ErrStopped = errors.New("events: the node has stopped")

// measureEvery is how old the gauges may be.
const measureEvery = 5 * time.Second

// Node is the events part of a process: a relay for each module that emits, an inbox
// for each that subscribes.
type Node struct {
	relays    []*relay.Relay
	inboxes   map[string]*inbox.Inbox
	databases map[string]*database.DB // of the emitting and listening modules
	take      Accept                  // into the inbox of a module that listens here
	metrics   *metrics.Metrics
	logger    *slog.Logger

	soft, hard       context.Context
	endSoft, endHard context.CancelFunc
	work             sync.WaitGroup

	mu        sync.Mutex
	stopped   bool
	accepting sync.WaitGroup
}

// New checks the options and reports all that is wrong with them at once. It starts
// nothing.
func New(o Options) (*Node, error) {
	o = o.withDefaults()
	m, err := metrics.New(o.Metrics)
	if err != nil {
		return nil, err
	}
	n := &Node{inboxes: map[string]*inbox.Inbox{}, databases: map[string]*database.DB{}, metrics: m, logger: o.Logger}
	n.take = func(ctx context.Context, module string, batch []events.Envelope) error {
		return n.inboxes[module].Accept(ctx, batch)
	}
	if o.Unruly != nil {
		n.take = o.Unruly(n.take)
	}
	var wrong []error
	for _, l := range o.Listeners {
		wrong = append(wrong, n.addListener(l, o))
	}
	for _, e := range o.Emitters {
		wrong = append(wrong, n.addEmitter(e, o))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	n.soft, n.endSoft = context.WithCancel(context.Background())
	n.hard, n.endHard = context.WithCancel(context.Background())
	return n, nil
}

func (n *Node) addListener(l Listener, o Options) error {
	if l.DB == nil {
		return fmt.Errorf("%s subscribes to events and has no database", l.Module)
	}
	in, err := inbox.New(inbox.Options{
		Module: l.Module, DB: l.DB, Subscriptions: l.Subscriptions, Retries: o.Retries,
		Now: o.Now, Logger: o.Logger.With("module", l.Module), Metrics: n.metrics,
	})
	n.inboxes[l.Module], n.databases[l.Module] = in, l.DB
	return err
}

func (n *Node) addEmitter(e Emitter, o Options) error {
	if e.DB == nil {
		return fmt.Errorf("%s emits events and has no database", e.Module)
	}
	sends := map[string]relay.Send{}
	for name, destinations := range e.Routes {
		for _, d := range destinations {
			way := n.senderFor(d, o)
			if way == nil {
				return fmt.Errorf("%s emits %s, and there is no way to %s", e.Module, name, d)
			}
			sends[d] = withDuplicates(way, o.Duplicate)
		}
	}
	var former []string
	for _, d := range e.Former {
		if sends[d] == nil {
			former = append(former, d)
		}
	}
	n.relays = append(n.relays, relay.New(relay.Options{
		Module: e.Module, DB: e.DB, Routes: e.Routes, Sends: sends, Former: former,
		Now: o.Now, Logger: o.Logger.With("module", e.Module), Metrics: n.metrics,
	}))
	n.databases[e.Module] = e.DB
	return nil
}

// senderFor finds how to reach a destination, nil when there is none.
func (n *Node) senderFor(destination string, o Options) relay.Send {
	if s, ok := o.Senders[destination]; ok {
		return func(ctx context.Context, batch []events.Envelope) error { return s.Send(ctx, destination, batch) }
	}
	if in, ok := n.inboxes[destination]; ok {
		return in.Accept
	}
	return nil
}

// withDuplicates delivers the events that duplicate chooses a second time, together
// with the first.
func withDuplicates(way relay.Send, duplicate func(events.Envelope) bool) relay.Send {
	if duplicate == nil {
		return way
	}
	return func(ctx context.Context, batch []events.Envelope) error {
		twice := batch
		for _, e := range batch {
			if duplicate(e) {
				twice = append(twice[:len(twice):len(twice)], e)
			}
		}
		return way(ctx, twice)
	}
}

// Start begins to relay and to retry. The databases must have been migrated. It returns
// at once; ctx is not kept.
func (n *Node) Start(context.Context) error {
	for _, r := range n.relays {
		r.Attach()
		n.work.Go(func() { r.Run(n.soft, n.hard) })
	}
	for _, in := range n.inboxes {
		n.work.Go(func() { in.RetryOften(n.soft, n.hard) })
		n.work.Go(func() { in.SweepOften(n.soft) })
	}
	for module, db := range n.databases {
		n.work.Go(func() { n.measureOften(n.soft, module, db) })
	}
	return nil
}

// measureOften keeps the gauges of a module up to date until ctx ends.
func (n *Node) measureOften(ctx context.Context, module string, db *database.DB) {
	reporter := attempt.NewReporter(n.logger.With("module", module), "measuring events")
	for !attempt.SleepOrStop(ctx, measureEvery, nil) {
		counts, err := backlog.Measure(ctx, db)
		if reporter.Report(ctx, err); err == nil {
			n.metrics.SetBacklog(module, counts)
		}
	}
}

// Stop takes no new events, completes those in flight, and gives its leases
// back. When ctx ends first, what is still in flight is abandoned as by a kill, and
// delivered again by whoever relays next; Stop then returns ctx's error. The databases
// may be closed after it.
func (n *Node) Stop(ctx context.Context) error {
	n.mu.Lock()
	n.stopped = true
	n.mu.Unlock()
	for _, r := range n.relays {
		r.Detach()
	}
	if ctx.Err() != nil {
		n.endHard()
	}
	n.endSoft()
	done := make(chan struct{})
	go func() {
		n.work.Wait()
		n.accepting.Wait()
		close(done)
	}()
	defer n.endHard()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		n.endHard()
		<-done
		return fmt.Errorf("events were still in flight: %w", ctx.Err())
	}
}

// Accept handles a batch that another process has sent to a module hosted here. It
// returns nil when nothing of the batch needs to be sent again. ErrStopped after Stop;
// another error when the module does not listen here.
func (n *Node) Accept(ctx context.Context, module string, batch []events.Envelope) error {
	if _, ok := n.inboxes[module]; !ok {
		return fmt.Errorf("%s does not listen here", module)
	}
	n.mu.Lock()
	if n.stopped {
		n.mu.Unlock()
		return ErrStopped
	}
	n.accepting.Add(1)
	n.mu.Unlock()
	defer n.accepting.Done()
	return n.take(ctx, module, batch)
}
