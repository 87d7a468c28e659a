// Package limit counts requests per caller and class with the generic cell rate algorithm (GCRA) and says in headers
// what is left (draft-ietf-httpapi-ratelimit-headers).
package limit

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"

	"app/platform/httpserver"
)

// Quotas are requests per minute and caller for each class.
type Quotas map[httpserver.RateClass]int

// Limiter counts in memory: each gateway process counts on its own. Safe for concurrent use.
type Limiter struct {
	classes map[httpserver.RateClass]class
}

type class struct {
	name    string
	policy  string // the header RateLimit-Policy
	limiter *throttled.GCRARateLimiterCtx
}

// Verdict is what a limit says about one request.
type Verdict struct {
	Allowed    bool
	RetryAfter time.Duration // positive when not allowed

	policy, state string
}

// New makes a limiter that remembers at most keys callers in each class and forgets the least recently seen.
func New(quotas Quotas, keys int) (*Limiter, error) {
	l := &Limiter{classes: make(map[httpserver.RateClass]class, len(quotas))}
	for name, perMinute := range quotas {
		store, err := memstore.NewCtx(keys)
		if err != nil {
			return nil, fmt.Errorf("make rate limit store: %w", err)
		}
		// Half of the minute's quota may come at once, the rest evenly.
		quota := throttled.RateQuota{MaxRate: throttled.PerMin(perMinute), MaxBurst: max(perMinute/2, 4)}
		limiter, err := throttled.NewGCRARateLimiterCtx(store, quota)
		if err != nil {
			return nil, fmt.Errorf("rate limit of class %s: %w", name, err)
		}
		l.classes[name] = class{string(name), fmt.Sprintf("%q;q=%d;w=60", string(name), perMinute), limiter}
	}
	return l, nil
}

// Take counts one request of a caller, which is a principal or a network. A class without quota is not limited.
func (l *Limiter) Take(ctx context.Context, name httpserver.RateClass, caller string) (Verdict, error) {
	c, ok := l.classes[name]
	if !ok {
		return Verdict{Allowed: true}, nil
	}
	limited, result, err := c.limiter.RateLimitCtx(ctx, caller, 1)
	if err != nil {
		return Verdict{}, fmt.Errorf("count request: %w", err)
	}
	v := Verdict{Allowed: !limited, policy: c.policy}
	v.state = strconv.Quote(c.name) + ";r=" + strconv.Itoa(result.Remaining) + ";t=" + strconv.Itoa(seconds(result.ResetAfter))
	if limited {
		v.RetryAfter = max(result.RetryAfter, time.Millisecond)
	}
	return v, nil
}

// Header writes what is left of the limit.
func (v Verdict) Header(h http.Header) {
	if v.policy == "" {
		return
	}
	h["Ratelimit-Policy"] = []string{v.policy}
	h["Ratelimit"] = []string{v.state}
}

// seconds rounds up: a client that waits that long is let through.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
