package rabbit_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"app/platform/freeport"
)

// cable is a line to the broker that can be cut.
type cable struct {
	URL string

	address, to string
	mu          sync.Mutex
	listener    net.Listener // nil while cut
	ends        []net.Conn
	muted       chan struct{} // closed when the broker may be heard again, nil while it may
}

// plug makes a cable to the broker, which may be cut from the start.
func plug(t testing.TB, broker string) *cable {
	t.Helper()
	u, err := url.Parse(broker)
	if err != nil {
		t.Fatal(err)
	}
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{to: u.Host, address: address}
	c.heal(t)
	u.Host = c.address
	c.URL = u.String()
	t.Cleanup(c.cut)
	return c
}

// heal lets connections through.
func (c *cable) heal(t testing.TB) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listener = l
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go c.join(near, l)
		}
	}()
}

func (c *cable) join(near net.Conn, l net.Listener) {
	far, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", c.to)
	if err != nil {
		_ = near.Close()
		return
	}
	c.mu.Lock()
	c.ends = append(c.ends, near, far)
	cut := c.listener != l
	c.mu.Unlock()
	if cut {
		c.cut()
	}
	go func() {
		_, _ = io.Copy(gag{near, c}, far)
		_ = near.Close()
	}()
	_, _ = io.Copy(far, near)
	_ = far.Close()
}

// cut ends all connections and refuses new ones.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener != nil {
		_ = c.listener.Close()
		c.listener = nil
	}
	for _, end := range c.ends {
		_ = end.Close()
	}
	c.ends = nil
}

// mute keeps back whatever the broker says until the function is called.
func (c *cable) mute() (unmute func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.muted = make(chan struct{})
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		close(c.muted)
		c.muted = nil
	}
}

// gag is the end of a cable at which the broker is heard.
type gag struct {
	net.Conn
	cable *cable
}

// Write implements io.Writer.
func (g gag) Write(p []byte) (int, error) {
	g.cable.mu.Lock()
	muted := g.cable.muted
	g.cable.mu.Unlock()
	if muted != nil {
		<-muted
	}
	return g.Conn.Write(p)
}
