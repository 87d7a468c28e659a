package rabbit

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"app/platform/events"
)

// outstanding bounds how many messages wait for their confirmation at a time. A
// confirmation takes the broker a write to disk, which messages that wait together
// share.
const outstanding = 256

var (
	errLost    = errors.New("the connection was lost before the broker confirmed")
	errRefused = errors.New("the broker refused a message")
)

// unroutableError tells that messages came back: for the first, no queue was bound.
type unroutableError struct {
	count int
	key   string
	since time.Time // when messages of the module began to come back
}

// Error implements error.
func (e *unroutableError) Error() string {
	return fmt.Sprintf("%d events came back from the broker: no queue is bound for %s", e.count, e.key)
}

func asUnroutable(err error) (*unroutableError, bool) {
	var e *unroutableError
	return e, errors.As(err, &e)
}

// outlet publishes the events of one module, in order, on a channel of its own.
type outlet struct {
	exchange string
	// turn is full while somebody sends, and whoever waits for it waits no longer than
	// they want to.
	turn chan struct{}

	// The rest is of who has the turn.
	conn    *connection
	channel *amqp.Channel
	// returns has room for everything that is outstanding: the library's reader must
	// never wait for us.
	returns chan amqp.Return
	// room is how many messages may be outstanding. The first of a channel goes alone:
	// a queue whose leader is not elected yet refuses it and may take the next, which
	// would come before it then (seen with 3.10).
	room int
	// since is when events began to come back, zero while they do not.
	since time.Time
}

func newOutlet(module string) *outlet {
	return &outlet{exchange: Exchange(module), turn: make(chan struct{}, 1)}
}

// sendBatch publishes a batch and waits until all of it is confirmed, ctx ends, or the
// broker takes no messages. After an error the channel is not used again, so that late
// confirmations and returns cannot be taken for those of another batch.
func (o *outlet) sendBatch(ctx context.Context, conn *connection, batch []events.Envelope) error {
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := o.openChannel(ctx, conn); err != nil {
		return err
	}
	for len(batch) > 0 {
		n := min(len(batch), o.room)
		if err := o.publishBatch(ctx, batch[:n]); err != nil {
			o.discardChannel()
			o.setUnroutableSince(err)
			return err
		}
		batch, o.room = batch[n:], outstanding
	}
	o.since = time.Time{}
	return nil
}

// setUnroutableSince tells an error of messages that came back since when they do.
func (o *outlet) setUnroutableSince(err error) {
	back, ok := asUnroutable(err)
	if !ok {
		return
	}
	if o.since.IsZero() {
		o.since = time.Now()
	}
	back.since = o.since
}

// openChannel makes a channel in confirm mode unless there is one.
func (o *outlet) openChannel(ctx context.Context, conn *connection) error {
	if o.channel != nil && o.conn == conn && !o.channel.IsClosed() {
		return nil
	}
	o.channel, o.conn = nil, conn
	return conn.runWithTimeout(ctx, prepareTimeout, func() error {
		ch, err := conn.Channel()
		if err != nil {
			return fmt.Errorf("open a channel: %w", err)
		}
		if err := ch.Confirm(false); err != nil {
			return fmt.Errorf("ask for confirmations: %w", err)
		}
		o.returns = ch.NotifyReturn(make(chan amqp.Return, outstanding))
		o.channel, o.room = ch, 1
		return nil
	})
}

// discardChannel gives the channel up. Closing waits for the broker, which nobody has
// to.
func (o *outlet) discardChannel() {
	go o.channel.Close() //nolint:errcheck // it is of no use any more
	o.channel = nil
}

func (o *outlet) publishBatch(ctx context.Context, batch []events.Envelope) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	wire := events.ToWire(batch)
	confirmations := make([]*amqp.DeferredConfirmation, len(batch))
	stop := context.AfterFunc(ctx, o.conn.closeSocket) // nothing else ends a write that the broker does not read
	defer stop()
	for i := range batch {
		message, err := encodeMessage(wire[i], &batch[i])
		if err != nil {
			return err
		}
		confirmations[i], err = o.channel.PublishWithDeferredConfirm(o.exchange, batch[i].Type, true, false, message)
		if err != nil {
			return fmt.Errorf("publish %s: %w", batch[i].Type, err)
		}
	}
	stop()
	return o.awaitConfirmations(ctx, confirmations)
}

// awaitConfirmations waits for all confirmations. A message that no queue was bound for
// is confirmed too, after it came back.
func (o *outlet) awaitConfirmations(ctx context.Context, confirmations []*amqp.DeferredConfirmation) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	taking := o.conn.acceptingContext()
	defer context.AfterFunc(taking, func() { end(context.Cause(taking)) })()
	for _, c := range confirmations {
		ok, err := c.WaitContext(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("wait for the broker's confirmation: %w", context.Cause(ctx))
		case !ok && o.channel.IsClosed():
			return errLost
		case !ok:
			return errRefused
		}
	}
	return o.returnedError()
}

// returnedError tells of messages that came back.
func (o *outlet) returnedError() error {
	var back *unroutableError
	for {
		select {
		case r, open := <-o.returns:
			if !open {
				return errLost // closed under our hands: what came back is no longer known
			}
			if back == nil {
				back = &unroutableError{key: r.RoutingKey}
			}
			back.count++
		default:
			if back != nil {
				return back
			}
			return nil
		}
	}
}
