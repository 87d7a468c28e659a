package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database"
	"app/platform/events/internal/attempt"
	"app/platform/events/internal/wakeup"
	"app/platform/ids"
)

// ErrStopped is what a node answers to deliveries after Stop.
var ErrStopped = errors.New("events: the node has stopped")

// Sender brings events to listening modules in other processes, or to a broker.
type Sender interface {
	// Send returns nil when the destination has all of the batch and will not lose it.
	// After an error all of it will be sent again. The batch is in the order of
	// emission and belongs to one emitting module.
	Send(ctx context.Context, destination string, batch []Envelope) error
}

// Emitter is a module that emits events.
type Emitter struct {
	Module string
	DB     *database.DB
	// Routes are the types that the module may emit and for each the destinations:
	// listening modules, or whatever name the Senders have for a broker. A type that
	// nobody subscribes to has none.
	Routes map[string][]string
	// Former are destinations that other arrangements of the shop have, such as modules
	// that used to be reached without a broker. Events that are still deferred for one
	// which is in no route are routed anew.
	Former []string
}

// Listener is a module that subscribes to events.
type Listener struct {
	Module        string
	DB            *database.DB
	Subscriptions []Subscription
}

// Options say what a node is made of.
type Options struct {
	// Emitters and Listeners are the modules hosted in this process.
	Emitters  []Emitter
	Listeners []Listener
	// Senders bring events to destinations that are not listeners of this node, by
	// destination. One named for a listener of this node is used instead of the direct
	// way.
	Senders map[string]Sender
	// Retries say when failed events are tried again; zero values mean the defaults.
	Retries Retries
	// Duplicate, in tests, tells which events to deliver twice. nil means none.
	Duplicate func(Envelope) bool
	// Unruly, in tests, makes worse what other processes deliver, when not nil: late,
	// again, in another order. What it returns must accept as the inbox does, nothing
	// lost.
	Unruly func(Accept) Accept
	// Now is the clock, time.Now when nil. Logger and Metrics may be nil.
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

// Node is the events part of a process: a relay for each module that emits, an inbox
// for each that subscribes.
type Node struct {
	relays  []*relay
	inboxes map[string]*inbox
	take    Accept // into the inbox of a module that listens here
	metrics *metrics
	logger  *slog.Logger

	soft, hard       context.Context
	endSoft, endHard context.CancelFunc
	work             sync.WaitGroup

	mu        sync.Mutex
	stopped   bool
	accepting sync.WaitGroup
}

// NewNode checks the options and reports all that is wrong with them at once. It starts
// nothing.
func NewNode(o Options) (*Node, error) {
	o = o.withDefaults()
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, err
	}
	n := &Node{inboxes: map[string]*inbox{}, metrics: m, logger: o.Logger}
	n.take = func(ctx context.Context, module string, batch []Envelope) error {
		return n.inboxes[module].acceptBatch(ctx, batch)
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

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Retries = o.Retries.withDefaults()
	return o
}

func (n *Node) addListener(l Listener, o Options) error {
	if l.DB == nil {
		return fmt.Errorf("%s subscribes to events and has no database", l.Module)
	}
	in := &inbox{
		module: l.Module, db: l.DB, consumers: map[string]Subscription{}, byType: map[string][]Subscription{}, retries: o.Retries,
		logger: o.Logger.With("module", l.Module), now: o.Now, metrics: n.metrics,
	}
	var wrong []error
	for _, s := range append(l.Subscriptions, in.unclaimedSubscription()) {
		wrong = append(wrong, in.addSubscription(s))
	}
	n.inboxes[l.Module] = in
	return errors.Join(wrong...)
}

func (in *inbox) addSubscription(s Subscription) error {
	_, twice := in.consumers[s.Consumer]
	switch {
	case twice:
		return fmt.Errorf("two consumers are named %s", s.Consumer)
	case len(s.Consumer) > 100 || len(s.Consumer) <= len(in.module) || s.Consumer[:len(in.module)+1] != in.module+".":
		return fmt.Errorf("consumer %q must be named %s.<what it does>, in at most 100 bytes", s.Consumer, in.module)
	}
	in.consumers[s.Consumer] = s
	if s.Type != "" {
		in.byType[s.Type] = append(in.byType[s.Type], s)
	}
	return nil
}

func (n *Node) addEmitter(e Emitter, o Options) error {
	if e.DB == nil {
		return fmt.Errorf("%s emits events and has no database", e.Module)
	}
	r := &relay{
		module: e.Module, db: e.DB, routes: e.Routes, sends: map[string]send{}, now: o.Now,
		lease:  &lease{db: e.DB, holder: ids.New("rly", o.Now()), now: o.Now},
		outbox: &outbox{module: e.Module, db: e.DB}, logger: o.Logger.With("module", e.Module),
		metrics: n.metrics, waker: wakeup.NewRelay(e.DB, e.Routes),
	}
	n.relays = append(n.relays, r)
	for name, destinations := range e.Routes {
		for _, d := range destinations {
			way := n.senderFor(d, o)
			if way == nil {
				return fmt.Errorf("%s emits %s, and there is no way to %s", e.Module, name, d)
			}
			r.sends[d] = withDuplicates(way, o.Duplicate)
		}
	}
	for _, d := range e.Former {
		if r.sends[d] == nil {
			r.former = append(r.former, d)
		}
	}
	return nil
}

// senderFor finds how to reach a destination, nil when there is none.
func (n *Node) senderFor(destination string, o Options) send {
	if s, ok := o.Senders[destination]; ok {
		return func(ctx context.Context, batch []Envelope) error { return s.Send(ctx, destination, batch) }
	}
	if in, ok := n.inboxes[destination]; ok {
		return in.acceptBatch
	}
	return nil
}

// withDuplicates delivers the events that duplicate chooses a second time, together
// with the first.
func withDuplicates(way send, duplicate func(Envelope) bool) send {
	if duplicate == nil {
		return way
	}
	return func(ctx context.Context, batch []Envelope) error {
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
		wakeup.Add(r.waker)
		n.work.Go(func() { r.runWithLease(n.soft, n.hard) })
		n.startMeasuring(r.module, r.db)
	}
	for _, in := range n.inboxes {
		n.work.Go(func() { in.retryOften(n.soft, n.hard) })
		n.work.Go(func() { in.sweepOften(n.soft) })
		if !n.hasRelay(in.module) {
			n.startMeasuring(in.module, in.db)
		}
	}
	return nil
}

func (n *Node) hasRelay(module string) bool {
	for _, r := range n.relays {
		if r.module == module {
			return true
		}
	}
	return false
}

func (n *Node) startMeasuring(module string, db *database.DB) {
	t := attempt.NewReporter(n.logger.With("module", module), "measuring events")
	n.work.Go(func() { n.metrics.measureOften(n.soft, module, db, t) })
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
		wakeup.Remove(r.waker)
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
func (n *Node) Accept(ctx context.Context, module string, batch []Envelope) error {
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
