package rabbit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"app/platform/events"
)

const (
	// prefetch bounds the messages that a module has unacknowledged, batchSize those
	// that it handles at a time: while one batch is written, the next comes in.
	prefetch  = 256
	batchSize = 128
	// acceptTimeout bounds one attempt. What it handled is known to the inbox.
	acceptTimeout = 30 * time.Second
	// longestHold bounds the pause between attempts to get messages into a database
	// that does not take them.
	longestHold = 2 * time.Second
)

var errCancelled = errors.New("the broker ended the subscription")

// listener consumes the queue of one module.
type listener struct {
	*Consumer
	module   string
	topology Topology
	link     *link
	logger   *slog.Logger
}

// refusal is a batch that the database did not take in time.
type refusal struct {
	batch []events.Envelope
	cause error
}

// Error implements error.
func (r *refusal) Error() string { return fmt.Sprintf("given back to the broker: %v", r.cause) }

// consumeLoop consumes until soft ends, over as many connections as it takes.
func (l *listener) consumeLoop() {
	for pause := firstPause; ; pause = nextPause(pause) {
		conn, err := l.link.awaitConnection(l.soft)
		if err != nil {
			return
		}
		began := time.Now()
		err = l.consumeMessages(conn)
		if l.soft.Err() != nil {
			return
		}
		if !conn.IsClosed() || errors.Is(err, context.DeadlineExceeded) { // else the link has said so
			l.logger.WarnContext(l.soft, "hearing from the broker was interrupted", "error", err)
		}
		var given *refusal
		if errors.As(err, &given) {
			l.retryUntilAccepted(given)
		}
		switch {
		case errors.Is(err, errCancelled):
			pause = longestPause // see mendAfter
		case conn.IsClosed() || time.Since(began) > time.Minute:
			pause = firstPause // the link has pauses of its own
		}
		sleepJittered(l.soft, pause)
	}
}

// retryUntilAccepted waits until the database takes what it refused before more is
// asked for, so that an outage of whatever length costs each message one delivery.
func (l *listener) retryUntilAccepted(r *refusal) {
	for l.soft.Err() == nil && l.acceptOnce(r.batch) != nil {
		sleepJittered(l.soft, longestHold)
	}
}

// consumeMessages brings messages into the inbox until the subscription ends, for
// whatever reason. Those that it leaves unacknowledged are delivered again.
func (l *listener) consumeMessages(conn *connection) error {
	defer context.AfterFunc(l.hard, conn.closeSocket)()
	var ch *amqp.Channel
	var incoming <-chan amqp.Delivery
	err := conn.runWithTimeout(l.hard, prepareTimeout, func() (err error) {
		ch, incoming, err = l.subscribeQueue(conn)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = ch.Close() }()                                            // it may be closed already
	defer context.AfterFunc(l.soft, func() { _ = ch.Cancel(l.module, false) })() // what has arrived is handled
	lost := ch.NotifyClose(make(chan *amqp.Error, 1))
	for {
		deliveries := receiveBatch(incoming)
		if len(deliveries) == 0 {
			return errCancelled
		}
		if err := l.acceptDeliveries(ch, lost, deliveries); err != nil {
			return err
		}
	}
}

// subscribeQueue makes the queue if it is not there, and asks for what is in it.
func (l *listener) subscribeQueue(conn *connection) (*amqp.Channel, <-chan amqp.Delivery, error) {
	if err := l.topology.declareAll(conn.Connection, l.logger); err != nil {
		return nil, nil, err
	}
	ch, err := conn.Channel()
	if err != nil {
		return nil, nil, fmt.Errorf("open a channel: %w", err)
	}
	if err := ch.Qos(prefetch, 0, false); err != nil {
		return nil, nil, fmt.Errorf("set the prefetch: %w", err)
	}
	raw, err := ch.Consume(Queue(l.module), l.module, false, false, false, false, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("consume %s: %w", Queue(l.module), err)
	}
	// With room for everything unacknowledged, a look tells what has arrived.
	incoming := make(chan amqp.Delivery, prefetch)
	go func() {
		defer close(incoming)
		for d := range raw {
			incoming <- d
		}
	}()
	return ch, incoming, nil
}

// receiveBatch waits for a delivery and takes what else is there. It gives none when
// the subscription has ended.
func receiveBatch(incoming <-chan amqp.Delivery) []amqp.Delivery {
	d, open := <-incoming
	if !open {
		return nil
	}
	batch := []amqp.Delivery{d}
	for len(batch) < batchSize {
		select {
		case d, open := <-incoming:
			if !open {
				return batch
			}
			batch = append(batch, d)
		default:
			return batch
		}
	}
	return batch
}

// acceptDeliveries brings deliveries into the inbox, then acknowledges them. What
// cannot be read is set aside.
func (l *listener) acceptDeliveries(ch *amqp.Channel, lost <-chan *amqp.Error, deliveries []amqp.Delivery) error {
	batch := make([]events.Envelope, 0, len(deliveries))
	var last uint64
	for _, d := range deliveries {
		e, err := decodeMessage(d.Body)
		if err == nil {
			err = checkOrigin(d, &e)
		}
		if err != nil {
			if err := l.rejectMessage(ch, d, err); err != nil {
				return err
			}
			continue
		}
		batch, last = append(batch, e), d.DeliveryTag
	}
	if len(batch) == 0 {
		return nil
	}
	if err := l.persistBatch(lost, batch); err != nil {
		return err
	}
	if err := ch.Ack(last, true); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// checkOrigin checks that an event came by way of its own module's exchange, which no
// other's account can write to, and under its own type, which is what the queue is
// bound by. What an administrator puts into a queue directly, as one of the dead
// messages, comes by way of no exchange.
func checkOrigin(d amqp.Delivery, e *events.Envelope) error {
	if d.Exchange == "" || d.Exchange == Exchange(e.Module) && d.RoutingKey == e.Type {
		return nil
	}
	return fmt.Errorf("%q came by way of exchange %q as %q: it is not of the module that it names", e.Type, d.Exchange, d.RoutingKey)
}

func (l *listener) rejectMessage(ch *amqp.Channel, d amqp.Delivery, cause error) error {
	l.rejected.WithLabelValues(l.module).Inc()
	l.logger.ErrorContext(l.soft, "a message cannot be read and is set aside", "queue", Dead, "exchange", d.Exchange, "key", d.RoutingKey,
		"message_id", d.MessageId, "bytes", len(d.Body), "error", cause)
	if err := ch.Reject(d.DeliveryTag, false); err != nil {
		return fmt.Errorf("reject: %w", err)
	}
	return nil
}

// persistBatch tries until the batch is in the inbox. It gives up with a *refusal after
// a while: giving messages back lets another replica have them, and counts as a
// delivery of each. Another error means that they are no longer ours, or that we are
// stopping.
func (l *listener) persistBatch(lost <-chan *amqp.Error, batch []events.Envelope) error {
	var patience <-chan time.Time
	for pause := time.Duration(0); ; {
		err := l.acceptOnce(batch)
		if err == nil {
			return nil
		}
		if patience == nil {
			patience = time.After(l.holdFor)
			l.logger.WarnContext(l.soft, "events of the broker are not taken and tried again", "events", len(batch), "error", err)
		}
		pause = min(max(firstPause, 2*pause), longestHold)
		select {
		case <-time.After(pause):
		case <-patience:
			return &refusal{batch, err}
		case <-lost: //nolint:errcheck // that it is lost is enough
			return errLost
		case <-l.soft.Done():
			return err
		}
	}
}

func (l *listener) acceptOnce(batch []events.Envelope) error {
	ctx, cancel := context.WithTimeout(l.hard, acceptTimeout)
	defer cancel()
	return l.accept(ctx, l.module, batch)
}
