package eventstest

import (
	"context"
	"errors"
	"sync"

	"app/platform/events"
)

// Destination is one that a test plays: it keeps what it gets, and fails while it is
// down. The fields are set before it is used.
type Destination struct {
	// Down is how it begins; see SetDown.
	Down bool
	// Hold, when set, keeps every batch until it is closed or the sender gives up.
	Hold chan struct{}

	mu  sync.Mutex
	got []string
	// sends counts the attempts.
	sends int
}

// ErrDown is what a destination that is down fails with.
var ErrDown = errors.New("nobody there")

// Send implements node.Sender.
func (d *Destination) Send(ctx context.Context, _ string, batch []events.Envelope) error {
	d.mu.Lock()
	hold := d.Hold
	d.sends++
	d.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Down {
		return ErrDown
	}
	for _, e := range batch {
		d.got = append(d.got, string(e.Payload[2:])) // past the tag and the length of the one short text
	}
	return nil
}

// SetDown takes it away, or brings it back.
func (d *Destination) SetDown(down bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Down = down
}

// Attempts counts the batches that were sent here, those that failed too.
func (d *Destination) Attempts() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sends
}

// Bodies are those of the events that it has got, in their order.
func (d *Destination) Bodies() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.got...)
}

// Sender is a destination that a test writes as a function.
type Sender func(ctx context.Context, destination string, batch []events.Envelope) error

// Send implements node.Sender.
func (s Sender) Send(ctx context.Context, destination string, batch []events.Envelope) error {
	return s(ctx, destination, batch)
}
