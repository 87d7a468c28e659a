package rabbit

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/events"
)

// countEvery is how often the dead messages are counted.
const countEvery = 30 * time.Second

// Accept takes a batch into the inbox of a module hosted here; see node.Node.Accept.
type Accept func(ctx context.Context, module string, batch []events.Envelope) error

// Consumer brings events from the broker into the inboxes of the modules of this
// process.
type Consumer struct {
	accept  Accept
	holdFor time.Duration
	logger  *slog.Logger

	consuming *prometheus.GaugeVec
	rejected  *prometheus.CounterVec
	dead      prometheus.Gauge

	// soft ends the subscriptions, hard also what is in hand then, hangUp the
	// connections.
	soft, hard               context.Context
	endSoft, endHard, hangUp context.CancelFunc
	work, lines              sync.WaitGroup
}

// NewConsumer begins to consume the queues of the topology's Listeners, and returns at
// once whether the broker is there or not. accept is called for one batch of a module
// at a time. The error is one of registering metrics.
func NewConsumer(o Options, accept Accept) (*Consumer, error) {
	o = o.withDefaults()
	c := &Consumer{
		accept: accept, holdFor: o.HoldFor, logger: o.Logger, consuming: newConsuming(), rejected: newRejected(), dead: newDead(),
	}
	if err := registerMetrics(o.Metrics, c.consuming, c.rejected, c.dead); err != nil {
		return nil, err
	}
	c.soft, c.endSoft = context.WithCancel(context.Background())
	c.hard, c.endHard = context.WithCancel(context.Background())
	connected, hangUp := context.WithCancel(context.Background())
	c.hangUp = hangUp
	for i, module := range o.Topology.Listeners {
		l := &listener{
			Consumer: c, module: module, topology: o.Topology.forListener(module), logger: o.Logger.With("module", module),
			link: newLink(o, "hearing for "+module, c.consuming.WithLabelValues(module)),
		}
		c.lines.Go(func() { l.link.reconnectLoop(connected) })
		c.work.Go(l.consumeLoop)
		if i == 0 {
			c.work.Go(func() { c.countDead(l.link) })
		}
	}
	return c, nil
}

// Stop ends the subscriptions and returns when the events in hand are in the inboxes.
// When ctx ends first they are left to the broker, which delivers them again, and ctx's
// error is returned.
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
		err = fmt.Errorf("events of the broker were still in flight: %w", ctx.Err())
	}
	c.endHard()
	<-done
	c.hangUp()
	c.lines.Wait()
	return err
}

// countDead keeps the gauge of dead messages up to date, and says when there are more.
func (c *Consumer) countDead(l *link) {
	for known := 0; ; sleepJittered(c.soft, countEvery) {
		conn, err := l.awaitConnection(c.soft)
		if err != nil {
			return
		}
		q, err := conn.inspectQueue(c.hard, Dead)
		if err != nil {
			continue // the link tells when the broker is away
		}
		if c.dead.Set(float64(q.Messages)); q.Messages > known {
			c.logger.WarnContext(c.soft, "the broker holds dead messages", "queue", Dead, "messages", q.Messages)
		}
		known = q.Messages
	}
}
