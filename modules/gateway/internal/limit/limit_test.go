package limit_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/gateway/internal/limit"
	"app/platform/operation"
)

// clock moves when it is told to.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time       { return time.Unix(1_800_000_000, c.at.Load()) }
func (c *clock) pass(d time.Duration) { c.at.Add(int64(d)) }

// newLimiter allows 20 a minute, 11 of them at once.
func newLimiter(keys int) (*limit.Limiter, *clock) {
	c := &clock{}
	return limit.New(limit.Options{Quotas: limit.Quotas{operation.RateAuth: 20}, Keys: keys, Now: c.Now}), c
}

const burst = 11

func take(l *limit.Limiter, caller string) limit.Decision {
	return l.Take(context.Background(), operation.RateAuth, caller)
}

// drain takes until the limit refuses and returns how many were allowed and the
// refusal.
func drain(t *testing.T, l *limit.Limiter, caller string) (allowed int, refusal limit.Decision) {
	t.Helper()
	for range 1000 {
		v := take(l, caller)
		if !v.Allowed {
			return allowed, v
		}
		allowed++
	}
	t.Fatal("nothing was refused")
	return 0, limit.Decision{}
}

func headers(v limit.Decision) string {
	h := http.Header{}
	v.Header(h)
	return h.Get("RateLimit-Policy") + " " + h.Get("RateLimit")
}

func TestTake(t *testing.T) {
	t.Parallel()
	l, c := newLimiter(100)
	if got := headers(take(l, "a")); got != `"auth";q=20;w=60 "auth";r=10;t=3` {
		t.Errorf("after one request: %s", got)
	}
	allowed, refusal := drain(t, l, "a")
	if allowed != burst-1 || refusal.RetryAfter != 3*time.Second || headers(refusal) != `"auth";q=20;w=60 "auth";r=0;t=33` {
		t.Errorf("%d allowed, retry after %s, %s", allowed, refusal.RetryAfter, headers(refusal))
	}
	if !take(l, "b").Allowed {
		t.Error("one caller used up another's limit")
	}
	if c.pass(3*time.Second - 1); take(l, "a").Allowed {
		t.Error("let through too soon")
	}
	if c.pass(1); !take(l, "a").Allowed || take(l, "a").Allowed {
		t.Error("after the time in Retry-After one request is let through")
	}
	if c.pass(33 * time.Second); headers(take(l, "a")) != `"auth";q=20;w=60 "auth";r=10;t=3` {
		t.Error("the limit did not come back")
	}
}

func TestTakeLeavesOtherClassesAlone(t *testing.T) {
	t.Parallel()
	l, _ := newLimiter(10)
	if v := l.Take(context.Background(), operation.RateWebhook, "a"); !v.Allowed || headers(v) != " " {
		t.Errorf("%+v", v)
	}
}

// Requests at the same time get the burst together, no more and no less.
func TestTakeAtOnce(t *testing.T) {
	t.Parallel()
	l, _ := newLimiter(5000)
	var allowed atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if take(l, "a").Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	if wg.Wait(); allowed.Load() != burst {
		t.Errorf("%d allowed", allowed.Load())
	}
}

// More callers than are remembered neither fail nor take more memory; and they do not
// make the limiter forget one who is over his limit, so nobody starts anew by sending a
// crowd.
func TestFailure39_MoreKeysThanTheLimiterHolds(t *testing.T) {
	t.Parallel()
	for _, keys := range []int{16, 2048} {
		t.Run(fmt.Sprint(keys), func(t *testing.T) {
			t.Parallel()
			l, _ := newLimiter(keys)
			drain(t, l, "abuser")
			for i := range 20 * keys {
				if !take(l, fmt.Sprint("caller ", i)).Allowed {
					t.Fatalf("caller %d was refused", i)
				}
			}
			if n := l.Remembered(); n > keys {
				t.Errorf("%d callers are remembered", n)
			}
			if take(l, "abuser").Allowed {
				t.Error("a crowd made the limiter forget who was over his limit")
			}
			drain(t, l, "late")
			if take(l, "late").Allowed {
				t.Error("the last caller was forgotten at once")
			}
		})
	}
}

func BenchmarkTake(b *testing.B) {
	l := limit.New(limit.Options{Quotas: limit.Quotas{operation.RateDefault: 1 << 30}, Keys: 50000, Now: time.Now})
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		l.Take(ctx, operation.RateDefault, "usr_01kan4v6e8fx2s1gq0vj5t3x7c")
	}
}

// The clock goes back an hour: nobody waits for it to come up again, and the limit
// holds from there on.
func TestFault22_TheClockGoesBack(t *testing.T) {
	t.Parallel()
	l, c := newLimiter(100)
	drain(t, l, "a")
	for _, step := range []time.Duration{-time.Hour, -24 * time.Hour, time.Hour} {
		c.pass(step)
		allowed, refusal := drain(t, l, "a")
		if allowed != burst || refusal.RetryAfter <= 0 || refusal.RetryAfter > 3*time.Second {
			t.Errorf("%s: %d allowed, then wait %s", step, allowed, refusal.RetryAfter)
		}
	}
	c.pass(-10 * time.Second) // less than a quota: counted as used, and no more than that
	if _, refusal := drain(t, l, "a"); refusal.RetryAfter > 13*time.Second {
		t.Errorf("after ten seconds back: wait %s", refusal.RetryAfter)
	}
}
