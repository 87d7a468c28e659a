package rabbit

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/events"
	"app/platform/events/node"
)

// mendAfter is how long events come back before the queues that they are for are made
// again. The broker tells the consumers of a queue that it was removed; one that is
// made again before they know of it sends them nothing (seen with 3.10).
const mendAfter = 2 * time.Second

// settleAfter is how long a new queue is left alone. RabbitMQ (seen with 3.10) confirms
// messages of a quorum queue while the queue's own name is in a table that is written
// to disk twice a second: killed before that, it loses queue and messages.
const settleAfter = 1500 * time.Millisecond

// Publisher brings events to the broker. It is the node.Sender of Destination.
type Publisher struct {
	link     *link
	topology Topology
	returned *prometheus.CounterVec

	mu      sync.Mutex
	outlets map[string]*outlet // by emitting module

	end  context.CancelFunc
	done chan struct{}
}

var _ node.Sender = (*Publisher)(nil)

// NewPublisher connects in the background, for ever, and returns at once: a process
// starts, and does business, while the broker is away. Its error is one of registering
// metrics.
func NewPublisher(o Options) (*Publisher, error) {
	o = o.withDefaults()
	p := &Publisher{
		link: newLink(o, "publishing for "+o.Name, newPublishing()), topology: o.Topology, returned: newReturned(),
		outlets: map[string]*outlet{}, done: make(chan struct{}),
	}
	if err := registerMetrics(o.Metrics, p.link.up, p.returned); err != nil {
		return nil, err
	}
	p.link.prepare = p.declareTopology
	var ctx context.Context
	ctx, p.end = context.WithCancel(context.Background())
	go func() {
		defer close(p.done)
		p.link.reconnectLoop(ctx)
	}()
	return p, nil
}

// declareTopology makes the queues of the subscribers before anything is published for
// them. When it had to, it gives the broker time.
func (p *Publisher) declareTopology(ctx context.Context, conn *connection) error {
	lacking, err := p.topology.lacksQueue(conn.Connection)
	if err != nil {
		return err
	}
	if err := p.topology.declareAll(conn.Connection, p.link.logger); err != nil || !lacking {
		return err
	}
	return sleepContext(ctx, settleAfter)
}

// Send implements node.Sender: nil means that the broker has the batch on disk, in
// every queue that is bound to its types. It fails at once while the broker is away or
// takes no messages, and ctx bounds it otherwise.
func (p *Publisher) Send(ctx context.Context, _ string, batch []events.Envelope) error {
	if len(batch) == 0 {
		return nil
	}
	conn, err := p.link.publishConnection(ctx)
	if err != nil {
		return err
	}
	err = p.outletFor(batch[0].Module).sendBatch(ctx, conn, batch)
	if back, ok := asUnroutable(err); ok {
		p.returned.WithLabelValues(batch[0].Module).Add(float64(back.count))
		if time.Since(back.since) >= mendAfter {
			p.redeclareTopology(ctx, conn)
		}
	}
	return err
}

// redeclareTopology makes what somebody has removed. The batch that came back is sent
// again then.
func (p *Publisher) redeclareTopology(ctx context.Context, conn *connection) {
	if err := conn.runWithTimeout(ctx, prepareTimeout, func() error { return p.declareTopology(ctx, conn) }); err != nil {
		p.link.logger.WarnContext(ctx, "what the broker lost cannot be made again", "error", err)
	}
}

func (p *Publisher) outletFor(module string) *outlet {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.outlets[module]
	if o == nil {
		o = newOutlet(module)
		p.outlets[module] = o
	}
	return o
}

// Stop closes the connection. Whatever is being sent fails.
func (p *Publisher) Stop(ctx context.Context) error {
	p.end()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
