package events

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"app/platform/database"
)

// Subscription is one consumer of one type of event.
type Subscription struct {
	// Consumer names who acts on the event, module first, as in "emails.receipt". The
	// name is kept with each event handled: a new name would get only new events, and
	// a name given to another purpose would miss events.
	Consumer string
	// Type is what it subscribes to, as in "orders.Paid".
	Type string

	// Open decodes an event and returns the work to do for it. Subscribe makes it, the
	// inbox calls it. Its errors are ErrPoison.
	Open func(Envelope) (Work, error)
}

// Work is what a consumer does for one event, in a transaction of its own database.
type Work func(ctx context.Context, tx *database.Tx) error

// ErrPoison is an event that no attempt will ever be able to read.
var ErrPoison = errors.New("payload cannot be read")

// Subscribe makes the consumer call handle for each event of type M, in a transaction of the
// consumer's own database. What handle writes through tx is committed together with the
// mark that the event was handled, so the effect happens once, however often the event
// arrives. handle must have no other effect, call no other module, and return within 10
// seconds; it may run more than once before it succeeds. An error or a panic undoes
// what it wrote, and the event is tried again later, with growing delays, until it is
// put aside as dead (see package inbox). The context carries the request id and trace of the
// emitter and no principal.
func Subscribe[M proto.Message](consumer string, handle func(ctx context.Context, tx *database.Tx, e Event[M]) error) Subscription {
	var none M
	return Subscription{
		Consumer: consumer,
		Type:     TypeOf(none),
		Open: func(env Envelope) (Work, error) {
			body, ok := none.ProtoReflect().New().Interface().(M)
			if !ok {
				return nil, fmt.Errorf("%w: not a %T", ErrPoison, none)
			}
			if err := proto.Unmarshal(env.Payload, body); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrPoison, err)
			}
			return func(ctx context.Context, tx *database.Tx) error {
				return handle(ctx, tx, Event[M]{Envelope: env, Body: body})
			}, nil
		},
	}
}
