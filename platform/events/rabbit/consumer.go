package rabbit

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/events"
)

// countEvery is how often the dead messages are counted.
const countEvery = 30 * time.Second

// Accept takes a batch into the inbox of a module hosted here; see events.Node.Accept.
type Accept func(ctx context.Context, module string, batch []events.Envelope) error

// Consumer brings events from the broker into the inboxes of the modules of this process.
type Consumer struct {
	link     *link
	topology Topology
	accept   Accept
	holdFor  time.Duration
	rejected *prometheus.CounterVec
	dead     prometheus.Gauge

	// soft ends the subscriptions, hard also what is in hand then, hangUp the connection.
	soft, hard               context.Context
	endSoft, endHard, hangUp context.CancelFunc
	work, line               sync.WaitGroup
}

// NewConsumer begins to consume the queues of the topology's Listeners, and returns at once whether the broker is there or
// not. accept is called for one batch of a module at a time. The error is one of registering metrics.
func NewConsumer(o Options, accept Accept) (*Consumer, error) {
	o = o.withDefaults()
	c := &Consumer{
		link: newLink(o, "consume"), topology: o.Topology, accept: accept, holdFor: o.HoldFor, rejected: newRejected(), dead: newDead(),
	}
	if err := register(o.Metrics, c.link.up, c.rejected, c.dead); err != nil {
		return nil, err
	}
	c.soft, c.endSoft = context.WithCancel(context.Background())
	c.hard, c.endHard = context.WithCancel(context.Background())
	connected, hangUp := context.WithCancel(context.Background())
	c.hangUp = hangUp
	c.line.Go(func() { c.link.run(connected) })
	for _, module := range o.Topology.Listeners {
		l := &listener{Consumer: c, module: module, logger: o.Logger.With("module", module)}
		c.work.Go(l.run)
	}
	c.work.Go(c.countDead)
	return c, nil
}

// Stop ends the subscriptions and returns when the events in hand are in the inboxes. When ctx ends first they are left to
// the broker, which delivers them again, and ctx's error is returned.
func (c *Consumer) Stop(ctx context.Context) error {
	c.endSoft()
	done := make(chan struct{})
	go func() {
		c.work.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = fmt.Errorf("events of the broker were still in hand: %w", ctx.Err())
	}
	c.endHard()
	<-done
	c.hangUp()
	c.line.Wait()
	return err
}

// countDead keeps the gauge of dead messages up to date, and says when there are more.
func (c *Consumer) countDead() {
	for known := 0; ; wait(c.soft, countEvery) {
		conn, err := c.link.await(c.soft)
		if err != nil {
			return
		}
		q, err := conn.inspect(c.soft, Dead)
		if err != nil {
			continue // the link tells when the broker is away
		}
		if c.dead.Set(float64(q.Messages)); q.Messages > known {
			c.link.logger.WarnContext(c.soft, "the broker holds dead messages", "queue", Dead, "messages", q.Messages)
		}
		known = q.Messages
	}
}
