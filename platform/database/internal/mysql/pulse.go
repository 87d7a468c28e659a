package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"app/platform/database/internal/engine"
)

const (
	// pulseEvery is how often calls that take long are looked for, and how soon a
	// server that is back is noticed.
	pulseEvery = 250 * time.Millisecond
	// patience is how long a call may be at work before the server is asked whether it
	// still answers. Waiting for a row that is locked may take longer: a server that
	// answers meanwhile is given its time.
	patience = 500 * time.Millisecond
	// askLimit is how long the server may take to answer then.
	askLimit = 2 * time.Second
)

// errNoAnswer is a server that accepts connections and says nothing, as one that is
// paused does.
var errNoAnswer = errors.New("no answer")

// pulse knows whether the server answers. One that refuses connections says so itself;
// one that hangs is found by asking it, beside the calls that wait for it. While it is
// down calls are refused at once, and those at work are cut off.
type pulse struct {
	server string // its name
	logger *slog.Logger
	ask    func(context.Context) error // one round trip, on a connection of its own
	forget func()                      // drops connections that may be dead
	end    context.CancelFunc
	ended  chan struct{}

	mu    sync.Mutex
	calls map[*call]struct{}
	doubt bool  // a call was lost: ask, whatever the others do
	down  error // nil while the server answers
}

// call is a piece of work that waits for the server.
type call struct {
	pulse *pulse
	began time.Time
	stop  context.CancelFunc
	cut   error // why it was given up
}

func newPulse(server string, logger *slog.Logger, ask func(context.Context) error, forget func()) *pulse {
	ctx, end := context.WithCancel(context.Background())
	p := &pulse{server: server, logger: logger, ask: ask, forget: forget, end: end, ended: make(chan struct{}), calls: map[*call]struct{}{}}
	go p.pollServer(ctx)
	return p
}

func (p *pulse) close() {
	p.end()
	<-p.ended
}

// beginCall takes in a call, or refuses it. The context it returns ends with ctx, or
// when the server turns out to be down; done must follow.
func (p *pulse) beginCall(ctx context.Context) (context.Context, *call, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		return nil, nil, engine.Unavailable(p.down)
	}
	ctx, stop := context.WithCancel(ctx)
	c := &call{pulse: p, began: time.Now(), stop: stop}
	p.calls[c] = struct{}{}
	return ctx, c, nil
}

// finishWith takes the call out, and gives its error the right name when it was the
// server's.
func (c *call) finishWith(err error) error {
	p := c.pulse
	p.mu.Lock()
	defer p.mu.Unlock()
	c.stop()
	delete(p.calls, c)
	switch {
	case err == nil:
		return nil
	case c.cut != nil && (errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone) || IsLost(err)):
		return engine.Unavailable(c.cut)
	case IsLost(err):
		p.doubt = true
		return engine.Unavailable(err)
	}
	return err
}

// outageError is nil while the server answers, as far as is known.
func (p *pulse) outageError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.down
}

func (p *pulse) pollServer(ctx context.Context) {
	defer close(p.ended)
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !p.shouldProbe() {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, askLimit)
		err := p.ask(limited)
		silent := limited.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case silent:
			p.markDown(fmt.Errorf("%w for %s", errNoAnswer, askLimit))
		case err != nil && IsLost(err) && !isAnswer(err):
			p.markDown(err)
		default:
			p.markUp()
		}
	}
}

// shouldProbe reports whether the server should be asked.
func (p *pulse) shouldProbe() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil || p.doubt {
		return true
	}
	for c := range p.calls {
		if time.Since(c.began) > patience {
			return true
		}
	}
	return false
}

// markDown gives up all calls at work.
func (p *pulse) markDown(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down == nil {
		p.forget()
		p.logger.Error("the database does not answer", "database", p.server, "error", err)
	}
	// Only the text: what the driver would repeat must not be repeated while nobody is
	// there.
	p.down = fmt.Errorf("%s does not answer: %s", p.server, err.Error())
	for c := range p.calls {
		if c.cut == nil {
			c.cut = p.down
			c.stop()
		}
	}
}

func (p *pulse) markUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		p.logger.Info("the database answers again", "database", p.server)
	}
	if p.doubt {
		p.forget()
	}
	p.down, p.doubt = nil, false
}
