package node

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database"
	"app/platform/events"
	"app/platform/events/inbox"
)

// Sender brings events to listening modules in other processes, or to a broker.
type Sender interface {
	// Send returns nil when the destination has all of the batch and will not lose it.
	// After an error all of it will be sent again. The batch is in the order of
	// emission and belongs to one emitting module.
	Send(ctx context.Context, destination string, batch []events.Envelope) error
}

// Accept takes a batch into the inbox of a module; see Node.Accept.
type Accept func(ctx context.Context, module string, batch []events.Envelope) error

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
	Subscriptions []events.Subscription
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
	Retries inbox.Retries
	// Duplicate, in tests, says which events to deliver twice. nil means none.
	Duplicate func(events.Envelope) bool
	// Unruly, in tests, makes worse what other processes deliver, when not nil: late,
	// again, in another order. What it returns must accept as the inbox does, nothing
	// lost.
	Unruly func(Accept) Accept
	// Now is the clock, time.Now when nil. Logger and Metrics may be nil.
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
