package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"app/platform/fault"
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
	// comeBack is when a caller who was refused should try again.
	comeBack = time.Second
)

// errNoAnswer is a server that accepts connections and says nothing, as one that is
// paused does.
var errNoAnswer = errors.New("no answer")

// pulse knows whether the server answers. One that refuses connections says so itself;
// one that hangs is found by asking it, beside the calls that wait for it. While it is
// down calls are refused at once, and those at work are cut off.
type pulse struct {
	place  Location
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

func newPulse(place Location, logger *slog.Logger, ask func(context.Context) error, forget func()) *pulse {
	ctx, end := context.WithCancel(context.Background())
	p := &pulse{place: place, logger: logger, ask: ask, forget: forget, end: end, ended: make(chan struct{}), calls: map[*call]struct{}{}}
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
		return nil, nil, unavailableError(p.down)
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
	case c.cut != nil && (errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone) || isLost(err)):
		return unavailableError(c.cut)
	case isLost(err):
		p.doubt = true
		return unavailableError(err)
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
		case err != nil && isLost(err) && !isAnswer(err):
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
		p.logger.Error("the database does not answer", "database", p.place.String(), "error", err)
	}
	// Only the text: what the driver would repeat must not be repeated while nobody is
	// there.
	p.down = fmt.Errorf("%s does not answer: %s", p.place, err.Error())
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
		p.logger.Info("the database answers again", "database", p.place.String())
	}
	if p.doubt {
		p.forget()
	}
	p.down, p.doubt = nil, false
}

// unavailableError is the verdict on work that the server was not there for. Its reason
// has the prefix by which a caller knows that asking this module once more does not
// help.
func unavailableError(cause error) error {
	v := fault.New(fault.Unavailable, "dependency_unavailable", "").Because(cause)
	v.RetryAfter = comeBack
	return v
}

// IsAway reports whether err comes from a server that was not there, or went away: the
// same work may succeed later.
func IsAway(err error) bool {
	var v *fault.Error
	return errors.As(err, &v) && v.Code == fault.Unavailable || isLost(err)
}

// isLost reports whether the connection broke, could not be made, or was ended by the
// server.
func isLost(err error) bool {
	var network *net.OpError
	var name *net.DNSError
	return errors.Is(err, errNoAnswer) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) ||
		errors.As(err, &network) || errors.As(err, &name) || isTurnedAway(err)
}

// isTurnedAway finds the errors of a server that is there and takes no work: too many
// connections (of all, of this user), shutting down, a statement or a connection that
// was killed, and broken packets.
func isTurnedAway(err error) bool {
	return hasErrorCode(err, nil, []uint16{1040, 1203, 1053, 1317, 1927, 3169, 1152, 1158, 1159, 1160, 1161})
}

// isAnswer reports whether the server itself sent the error.
func isAnswer(err error) bool {
	var my *mysql.MySQLError
	return errors.As(err, &my)
}
