// Package rabbit carries events between processes over RabbitMQ. It takes the place of
// direct deliveries (package delivery) where a broker is configured; outbox, relay and
// inbox stay what they are, so events are as safe as without a broker: a row of the
// outbox is done when the broker has confirmed the event, and the broker may forget it
// when the listener's database has it.
//
// Each emitting module has a durable topic exchange, souk.<module>, and each listening
// module a quorum queue, souk.<module>, bound by type of event to the exchanges of the
// modules it subscribes to. Others may bind queues of their own. The queues of a
// module's replicas are one queue with one active consumer, so that the events of an
// aggregate stay in order. Both ends declare what they need, so nothing is published
// before the queues of all listeners are there. Where each module has an account of its
// own (Definitions) an administrator declares it, and both ends look whether it is
// there.
//
// A message that cannot be read, or that was delivered DeliveryLimit times and never
// acknowledged (it kills the process), goes to the queue souk.dead. Handlers that fail
// are not the broker's business: the inbox retries them.
package rabbit

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Destination is the broker's name among the destinations of a relay.
const Destination = "broker"

// DeliveryLimit is how often a message is delivered without being acknowledged until it
// is set aside. Handlers cannot use it up: only processes that die, or are cut off,
// with the message in hand.
const DeliveryLimit = 50

// Dead is the exchange, and the queue behind it, of messages that were set aside.
const Dead = "souk.dead"

// Exchange is where a module's events are published, with their types as routing keys.
func Exchange(emitter string) string { return "souk." + emitter }

// Queue is where events wait for a listening module.
func Queue(listener string) string { return "souk." + listener }

// Sign is an exchange that nothing is sent to: it is there when the binding is, which
// nobody can ask the broker for. An account that may not bind looks
// for it before it publishes, so that no listener misses anything.
func Sign(b Binding) string { return Queue(b.Listener) + ".hears." + b.Type }

// Options say how a process uses the broker.
type Options struct {
	// URL is amqp:// or amqps://, with name, password and virtual host.
	URL string
	// Name is how the broker lists who publishes, such as "orders, payments".
	Name string
	// Topology is what the process needs.
	Topology Topology
	// HoldFor is how long messages are kept that the database of their module does not
	// take, 30 s when zero. Then they are given back, for another replica, and no more
	// are asked for until the database takes them.
	HoldFor time.Duration
	// Logger and Metrics may be nil.
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.HoldFor <= 0 {
		o.HoldFor = 30 * time.Second
	}
	return o
}
