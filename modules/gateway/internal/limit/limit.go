// Package limit counts requests per caller and class with the generic cell rate
// algorithm (GCRA) and says in headers what is left
// (draft-ietf-httpapi-ratelimit-headers-10). It counts in memory, or in a Redis that
// gateways share.
package limit

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"app/platform/operation"
)

// Quotas are requests per minute and caller for each class. Half of a minute's quota
// may come at once, the rest evenly.
type Quotas map[operation.RateClass]int

// Options of a limiter.
type Options struct {
	// Quotas name the classes that are limited.
	Quotas Quotas
	// Keys is how many callers each class remembers in memory, at least 1.
	Keys int
	// Now is the clock of what is counted in memory; Redis has its own.
	Now func() time.Time
	// Shared counts for several gateways together. Nil: this process counts alone.
	Shared *Shared
}

// Limiter decides about requests. Safe for concurrent use.
type Limiter struct {
	now     func() time.Time
	shared  *Shared
	classes map[operation.RateClass]*class
}

type class struct {
	name   string
	policy string // the header RateLimit-Policy
	quota  quota
	memory *memory
}

// quota is a limit as GCRA sees it: a request each step, so many steps ahead of time.
type quota struct {
	perMinute, burst int
	step             time.Duration
}

// Decision is what a limit says about one request.
type Decision struct {
	Allowed    bool
	RetryAfter time.Duration // positive when not allowed

	class *class
	left  int           // requests that may come now
	reset time.Duration // until nothing is counted any more
}

// New makes a limiter.
func New(o Options) *Limiter {
	l := &Limiter{now: o.Now, shared: o.Shared, classes: make(map[operation.RateClass]*class, len(o.Quotas))}
	for name, perMinute := range o.Quotas {
		q := quota{perMinute, max(perMinute/2, 4) + 1, time.Minute / time.Duration(perMinute)}
		policy := fmt.Sprintf("%q;q=%d;w=60", string(name), perMinute)
		l.classes[name] = &class{string(name), policy, q, newMemory(o.Keys)}
	}
	return l
}

// Take counts one request of a caller, which is a principal, an API key or a network. A
// class without quota is not limited. It always decides: while the shared count cannot
// be had, by what this process has seen.
func (l *Limiter) Take(ctx context.Context, name operation.RateClass, caller string) Decision {
	c := l.classes[name]
	if c == nil {
		return Decision{Allowed: true}
	}
	if l.shared != nil {
		if v, ok := l.shared.tryCountRequest(ctx, c, caller); ok {
			return v
		}
	}
	return c.memory.countRequest(c, caller, l.now().UnixNano())
}

// Remembered counts the callers that are remembered in memory, over all classes.
func (l *Limiter) Remembered() (n int) {
	for _, c := range l.classes {
		n += c.memory.callerCount()
	}
	return n
}

// askew is how much further ahead than a full quota an arrival time may be before it is
// taken for the work of a clock that has gone back since: requests read the clock
// before they wait for their turn.
const askew = time.Second

// decideRequest is what follows from the time at which a caller's requests, evenly
// spaced, would have been made (theoretical arrival time), before this one and with it.
// All in nanoseconds. An arrival time that no quota allows is none: the clock has gone
// back, and nobody is locked out until it has come up again.
func (c *class) decideRequest(before, now int64) (v Decision, after int64) {
	step, tolerance := int64(c.quota.step), int64(c.quota.step)*int64(c.quota.burst)
	if before > now+tolerance+int64(askew) {
		before = 0
	}
	after = max(before, now) + step
	if wait := after - tolerance - now; wait > 0 {
		return Decision{RetryAfter: time.Duration(wait), class: c, reset: time.Duration(before - now)}, before
	}
	ahead := after - now
	return Decision{Allowed: true, class: c, left: int((tolerance - ahead) / step), reset: time.Duration(ahead)}, after
}

// Header writes what is left of the limit.
func (v Decision) Header(h http.Header) {
	if v.class == nil {
		return
	}
	var text [64]byte
	left := append(strconv.AppendQuote(text[:0], v.class.name), ";r="...)
	left = strconv.AppendInt(left, int64(v.left), 10)
	left = strconv.AppendInt(append(left, ";t="...), int64(ceilSeconds(v.reset)), 10)
	values := []string{v.class.policy, string(left)}
	h["Ratelimit-Policy"], h["Ratelimit"] = values[:1:1], values[1:]
}

// ceilSeconds rounds up: a client that waits that long is let through.
func ceilSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
