package limit_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"app/modules/gateway/internal/limit"
	"app/platform/httpserver"
)

func newLimiter(t *testing.T, keys int) *limit.Limiter {
	t.Helper()
	l, err := limit.New(limit.Quotas{httpserver.RateAuth: 20}, keys)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// drain takes until the limit refuses and returns how many were allowed and the refusal.
func drain(t *testing.T, l *limit.Limiter, caller string) (allowed int, refusal limit.Verdict) {
	t.Helper()
	for range 1000 {
		v, err := l.Take(context.Background(), httpserver.RateAuth, caller)
		if err != nil {
			t.Fatal(err)
		}
		if !v.Allowed {
			return allowed, v
		}
		allowed++
	}
	t.Fatal("nothing was refused")
	return 0, limit.Verdict{}
}

func TestTakeRefusesBeyondTheBurst(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, 100)
	allowed, refusal := drain(t, l, "a")
	if allowed < 10 || allowed > 13 || refusal.RetryAfter <= 0 {
		t.Errorf("%d allowed, retry after %s", allowed, refusal.RetryAfter)
	}
	if v, _ := l.Take(context.Background(), httpserver.RateAuth, "b"); !v.Allowed {
		t.Error("one caller used up another's limit")
	}
	h := http.Header{}
	refusal.Header(h)
	if got := h.Get("RateLimit-Policy"); got != `"auth";q=20;w=60` {
		t.Errorf("policy %s", got)
	}
	if got := h.Get("RateLimit"); !regexp.MustCompile(`^"auth";r=0;t=\d+$`).MatchString(got) {
		t.Errorf("state %s", got)
	}
}

func TestTakeLeavesOtherClassesAlone(t *testing.T) {
	t.Parallel()
	if v, err := newLimiter(t, 10).Take(context.Background(), httpserver.RateWebhook, "a"); err != nil || !v.Allowed {
		t.Errorf("%+v, %v", v, err)
	}
}

// More callers than the store holds must neither fail nor let a caller in that is over its limit just now.
func TestFailure39_MoreKeysThanTheLimiterHolds(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, 16)
	for i := range 1000 {
		if v, err := l.Take(context.Background(), httpserver.RateAuth, fmt.Sprint("caller ", i)); err != nil || !v.Allowed {
			t.Fatalf("caller %d: %+v, %v", i, v, err)
		}
	}
	drain(t, l, "late")
	if v, _ := l.Take(context.Background(), httpserver.RateAuth, "late"); v.Allowed {
		t.Error("the last caller was forgotten at once")
	}
}
