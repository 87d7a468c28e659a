package rabbit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	dialTimeout = 2 * time.Second
	// handshakeTimeout bounds TLS and AMQP handshakes.
	handshakeTimeout = 5 * time.Second
	// writeTimeout ends a connection whose other end does not read.
	writeTimeout = 10 * time.Second
	// heartbeat: a peer that says nothing for one and a half of these is gone.
	heartbeat = 5 * time.Second
	// closeTimeout bounds a parting in good form.
	closeTimeout = time.Second
)

// connection is one to the broker. The library's calls wait for answers without a bound
// of their own; drop ends them.
type connection struct {
	*amqp.Connection
	socket net.Conn
	ended  chan *amqp.Error

	mu sync.Mutex
	// taking ends, with the reason as its cause, when the broker begins to take no
	// messages. Another begins with that.
	taking context.Context
}

// dialBroker opens a connection. Its errors have no password in them.
func dialBroker(ctx context.Context, location, name string) (*connection, error) {
	if _, err := amqp.ParseURI(location); err != nil {
		return nil, errors.New("the broker's address is not like amqp://user:password@host:5672/")
	}
	c := &connection{}
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(name)
	stop := func() bool { return true }
	opened, err := amqp.DialConfig(location, amqp.Config{
		Heartbeat: heartbeat, Properties: properties,
		Dial: func(network, address string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: dialTimeout}
			socket, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			c.socket = impatient{socket}
			stop = context.AfterFunc(ctx, c.closeSocket)
			return c.socket, socket.SetDeadline(time.Now().Add(handshakeTimeout))
		},
	})
	stop()
	if err != nil {
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	c.Connection = opened
	c.ended = opened.NotifyClose(make(chan *amqp.Error, 1))
	go c.watchBlocks(c.markUnblocked(), opened.NotifyBlocked(make(chan amqp.Blocking, 1)))
	return c, nil
}

// impatient ends writes that do not end. The library has no time-out for them, and a
// broker that is short of memory or disk stops reading.
type impatient struct{ net.Conn }

// Write implements io.Writer.
func (c impatient) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// watchBlocks ends with the connection.
func (c *connection) watchBlocks(block context.CancelCauseFunc, notices <-chan amqp.Blocking) {
	for n := range notices {
		if n.Active {
			block(fmt.Errorf("the broker takes no messages: %s", n.Reason))
		} else {
			block = c.markUnblocked()
		}
	}
}

// markUnblocked says that the broker takes messages, until the function is called.
func (c *connection) markUnblocked() (block context.CancelCauseFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taking, block = context.WithCancelCause(context.Background())
	return block
}

// acceptingContext gives a context that ends when the broker takes no messages.
func (c *connection) acceptingContext() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taking
}

// closeSocket cuts the line. Whatever waits for the broker returns with an error.
func (c *connection) closeSocket() { _ = c.socket.Close() }

// closeGracefully parts in good form if the broker answers in time.
func (c *connection) closeGracefully() {
	late := time.AfterFunc(closeTimeout, c.closeSocket)
	defer late.Stop()
	_ = c.Close() // an error says that there is nobody to part from
}

// runWithTimeout runs something that waits for answers of the broker. When that takes
// too long, or ctx ends, the connection is dropped.
func (c *connection) runWithTimeout(ctx context.Context, d time.Duration, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	stop := context.AfterFunc(ctx, c.closeSocket)
	defer stop()
	err := do()
	if ctx.Err() != nil && err != nil {
		return fmt.Errorf("the broker does not answer: %w", ctx.Err())
	}
	return err
}

// inspectQueue counts what waits in a queue, and who consumes it.
func (c *connection) inspectQueue(ctx context.Context, queue string) (q amqp.Queue, err error) {
	err = c.runWithTimeout(ctx, prepareTimeout, func() error {
		ch, err := c.Channel()
		if err != nil {
			return fmt.Errorf("open a channel: %w", err)
		}
		defer func() { _ = ch.Close() }() // it may be closed already
		if q, err = ch.QueueDeclarePassive(queue, true, false, false, false, nil); err != nil {
			return fmt.Errorf("inspect %s: %w", queue, err)
		}
		return nil
	})
	return q, err
}
