package rabbit

import (
	"errors"
	"fmt"
	"slices"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Topology is what a process needs of the broker.
type Topology struct {
	// Listeners are the modules of this process that subscribe to events: it consumes
	// their queues, also those that nothing is bound to any more.
	Listeners []string
	// Bindings are the events that cross the border of the process, in either
	// direction.
	Bindings []Binding
}

// Binding is one type of event that a module subscribes to of another.
type Binding struct{ Listener, Emitter, Type string }

// forListener is the part that one listening module needs.
func (t Topology) forListener(listener string) Topology {
	part := Topology{Listeners: []string{listener}}
	for _, b := range t.Bindings {
		if b.Listener == listener {
			part.Bindings = append(part.Bindings, b)
		}
	}
	return part
}

// emittingModules are the modules whose exchanges are needed, in order.
func (t Topology) emittingModules() []string {
	var out []string
	for _, b := range t.Bindings {
		out = append(out, b.Emitter)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// listeningModules are the modules whose queues are needed, in order.
func (t Topology) listeningModules() []string {
	out := slices.Clone(t.Listeners)
	for _, b := range t.Bindings {
		out = append(out, b.Listener)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// element is an exchange, a queue or a binding.
type element struct {
	kind, name string
	class      string     // of an exchange: how it routes
	arguments  amqp.Table // of a queue
	from, key  string     // of a binding, to the queue of its name
	// make declares it, which has no effect when it is there.
	make func(*amqp.Channel) error
	// look tells how it is, or fails when it is not there. nil where that cannot be
	// asked.
	look func(*amqp.Channel) (string, error)
}

// allElements are all that has to be there, in an order in which it can be made.
func (t Topology) allElements() []element {
	out := []element{exchangeElement(Dead, amqp.ExchangeFanout), queueElement(Dead, deadArguments), bindingElement(Dead, "", Dead)}
	for _, m := range t.emittingModules() {
		out = append(out, exchangeElement(Exchange(m), amqp.ExchangeTopic))
	}
	for _, m := range t.listeningModules() {
		out = append(out, queueElement(Queue(m), queueArguments))
	}
	for _, b := range t.Bindings {
		out = append(out, bindingElement(Queue(b.Listener), b.Type, Exchange(b.Emitter)))
	}
	for _, b := range t.Bindings {
		out = append(out, exchangeElement(Sign(b), amqp.ExchangeFanout))
	}
	return out
}

// queueArguments: a queue that survives the loss of a broker's node, feeds one consumer
// at a time, and hands a message to the dead only once those have confirmed it, which
// needs the overflow setting.
var queueArguments = amqp.Table{
	amqp.QueueTypeArg:          amqp.QueueTypeQuorum,
	"x-single-active-consumer": true,
	"x-delivery-limit":         int32(DeliveryLimit),
	"x-dead-letter-exchange":   Dead,
	"x-dead-letter-strategy":   "at-least-once",
	"x-overflow":               "reject-publish",
}

// deadArguments: looking at a dead message through the management page and putting it
// back is a delivery, of which newer brokers allow twenty unless told otherwise. Older
// ones know no word for "any number".
var deadArguments = amqp.Table{
	amqp.QueueTypeArg:  amqp.QueueTypeQuorum,
	"x-delivery-limit": int32(1_000_000),
}

func exchangeElement(name, class string) element {
	return element{kind: "exchange", name: name, class: class, make: func(ch *amqp.Channel) error {
		return ch.ExchangeDeclare(name, class, true, false, false, false, nil)
	}, look: lookForExchange(name, class)}
}

func queueElement(name string, arguments amqp.Table) element {
	return element{kind: "queue", name: name, arguments: arguments, make: func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclare(name, true, false, false, false, arguments)
		return err
	}, look: lookForQueue(name)}
}

func bindingElement(queue, key, exchange string) element {
	return element{kind: "binding", name: queue, from: exchange, key: key, make: func(ch *amqp.Channel) error {
		return ch.QueueBind(queue, key, exchange, false, nil)
	}}
}

// lacksQueue reports whether a queue is not there yet.
func (t Topology) lacksQueue(conn *amqp.Connection) (bool, error) {
	for _, e := range t.allElements() {
		if e.kind != "queue" {
			continue
		}
		ch, err := conn.Channel()
		if err != nil {
			return false, fmt.Errorf("open a channel: %w", err)
		}
		_, err = e.look(ch)
		_ = ch.Close() // a channel that was asked for a queue which is not there is closed already
		if isNotFound(err) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("look for queue %s: %w", e.name, err)
		}
	}
	return false, nil
}

// isNotFound reports whether the broker has no such thing.
func isNotFound(err error) bool {
	var refusal *amqp.Error
	return errors.As(err, &refusal) && refusal.Code == amqp.NotFound
}

// isPreconditionFailed reports whether the broker refused a declaration because of what
// is there. It has then closed the channel.
func isPreconditionFailed(err error) bool {
	var refusal *amqp.Error
	return errors.As(err, &refusal) && refusal.Code == amqp.PreconditionFailed
}
