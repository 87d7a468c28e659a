// Package connections holds what calls to other processes travel on: pooled connections
// that do not grow old, and the link that simulations and tests put before them.
package connections

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	dialTimeout = time.Second
	// idleTimeout is below the idle time of our own server (75 s), so that it is the
	// client who closes: a request sent into a closing connection is lost, and only
	// some calls may be repeated.
	idleTimeout = 30 * time.Second
	// maxAge makes connections be dialled anew, so that replicas added later, found by
	// DNS, get their share.
	maxAge = time.Minute
	// perHost is enough for the callers of one module on a busy machine; net/http keeps
	// two.
	perHost = 64
)

// Pool is an http.RoundTripper whose connections do not grow old: it moves to a fresh
// transport at times, and the connections of the former one close as they fall idle.
type Pool struct {
	now      func() time.Time
	maxReply int64

	mu   sync.Mutex
	live *http.Transport
	born time.Time
}

// NewPool makes a pool that dials when it is first used. maxReply bounds in bytes what
// is read of a refusal; now is the clock by which connections age.
func NewPool(maxReply int64, now func() time.Time) *Pool {
	return &Pool{now: now, maxReply: maxReply, live: newTransport(), born: now()}
}

func newTransport() *http.Transport {
	return &http.Transport{
		// No Proxy: calls between modules never leave by way of one.
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   2 * time.Second,
		MaxIdleConnsPerHost:   perHost,
		IdleConnTimeout:       idleTimeout,
		DisableCompression:    true,
		ExpectContinueTimeout: time.Second,
	}
}

// errHalf is a request that broke off on its way.
var errHalf = errors.New("only a part of the request arrived")

// RoundTrip implements http.RoundTripper. Of a connection that breaks off it makes an
// error where Connect would make something of the half:
//
//   - A refusal is taken whole, or not at all: of half a refusal Connect makes one that
//     nobody has spoken.
//   - A server to which half a request arrives answers that it is none, and hangs up.
//     No handler has seen it.
func (p *Pool) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := p.currentTransport().RoundTrip(r)
	if err != nil || reply.StatusCode == http.StatusOK {
		return reply, err //nolint:wrapcheck // net/http's contract
	}
	body, err := io.ReadAll(io.LimitReader(reply.Body, p.maxReply))
	_ = reply.Body.Close() // it was read
	switch {
	case err != nil:
		return nil, fmt.Errorf("refusal breaks off: %w", err)
	case reply.StatusCode == http.StatusBadRequest && reply.Header.Get("Content-Type") != "application/json": // as Connect's refusals are
		return nil, errHalf
	}
	reply.Body = io.NopCloser(bytes.NewReader(body))
	return reply, nil
}

func (p *Pool) currentTransport() *http.Transport {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.born) >= maxAge {
		p.renewTransport(now)
	}
	return p.live
}

// renewTransport needs the lock. Requests at work keep their connections, which then
// idle out.
func (p *Pool) renewTransport(now time.Time) {
	p.live.CloseIdleConnections()
	p.live, p.born = newTransport(), now
}

// Renew drops every pooled connection, because those to a module that failed may be
// dead.
func (p *Pool) Renew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.renewTransport(p.now())
}

// CloseIdleConnections closes what is idle now.
func (p *Pool) CloseIdleConnections() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live.CloseIdleConnections()
}
