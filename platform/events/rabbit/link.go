package rabbit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	firstPause = 100 * time.Millisecond
	// longestPause bounds how long a broker that is back goes unused.
	longestPause = time.Second
	// prepareTimeout bounds the declarations on a new connection. A quorum queue takes
	// its time to be made.
	prepareTimeout = 30 * time.Second
)

// errAway is why nothing is sent while there is no connection.
var errAway = errors.New("the broker is away")

// link keeps a connection for one purpose, for as long as it runs. Publishing has one,
// and each module that subscribes: a broker that slows publishers down must not slow
// acknowledgements down, and a queue that does not answer no other's.
type link struct {
	url, name string
	// prepare does what has to be done on a new connection before it is used. nil is
	// nothing.
	prepare func(context.Context, *connection) error
	logger  *slog.Logger
	up      prometheus.Gauge

	// tried is closed when the first attempt to connect has ended.
	tried chan struct{}

	mu      sync.Mutex
	conn    *connection // nil while the broker is away
	changed chan struct{}
}

func newLink(o Options, use string, up prometheus.Gauge) *link {
	return &link{
		url: o.URL, name: "souk " + use, logger: o.Logger.With("use", use), up: up,
		tried: make(chan struct{}), changed: make(chan struct{}),
	}
}

// reconnectLoop connects again and again until ctx ends, and then parts in good form.
func (l *link) reconnectLoop(ctx context.Context) {
	told := false
	first := sync.OnceFunc(func() { close(l.tried) })
	defer first()
	for pause := time.Duration(0); ctx.Err() == nil; sleepJittered(ctx, pause) {
		conn, err := l.connectAndPrepare(ctx)
		if err != nil {
			first()
			if !told && ctx.Err() == nil {
				l.logger.WarnContext(ctx, "the broker is away and tried again: events wait", "error", err)
			}
			told, pause = true, nextPause(pause)
			continue
		}
		l.logger.InfoContext(ctx, "connected to the broker")
		told, pause = false, firstPause
		l.setConnection(conn)
		first()
		select {
		case err := <-conn.ended:
			l.logger.WarnContext(ctx, "the broker is gone and tried again: events wait", "error", err)
			told = true
		case <-ctx.Done():
		}
		l.setConnection(nil)
		conn.closeGracefully()
	}
}

func (l *link) connectAndPrepare(ctx context.Context) (*connection, error) {
	conn, err := dialBroker(ctx, l.url, l.name)
	if err != nil || l.prepare == nil {
		return conn, err
	}
	if err := conn.runWithTimeout(ctx, prepareTimeout, func() error { return l.prepare(ctx, conn) }); err != nil {
		conn.closeGracefully()
		return nil, fmt.Errorf("prepare the broker: %w", err)
	}
	return conn, nil
}

func (l *link) setConnection(conn *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	close(l.changed)
	l.changed = make(chan struct{})
	l.up.Set(0)
	if conn != nil {
		l.up.Set(1)
	}
}

func (l *link) currentConnection() (*connection, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn, l.changed
}

// publishConnection is the connection, or why there is none to publish on. It waits for
// the first attempt only.
func (l *link) publishConnection(ctx context.Context) (*connection, error) {
	select {
	case <-l.tried:
	case <-ctx.Done():
		return nil, errAway
	}
	conn, _ := l.currentConnection()
	if conn == nil {
		return nil, errAway
	}
	return conn, context.Cause(conn.acceptingContext())
}

// awaitConnection waits for a connection. Its error is that of ctx.
func (l *link) awaitConnection(ctx context.Context) (*connection, error) {
	for {
		conn, changed := l.currentConnection()
		if conn != nil && ctx.Err() == nil {
			return conn, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// nextPause doubles the wait between attempts.
func nextPause(d time.Duration) time.Duration {
	return min(max(firstPause, 2*d), longestPause)
}

// sleepJittered waits for up to the given time, at least half of it, so that many
// processes do not come back as one. It is cut short by the end of ctx.
func sleepJittered(ctx context.Context, d time.Duration) {
	_ = sleepContext(ctx, d/2+rand.N(d/2+1)) //nolint:gosec // no secret
}

// sleepContext waits for the given time. Its error is that of ctx, which cuts it short.
func sleepContext(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
