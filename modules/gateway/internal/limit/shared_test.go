package limit_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"app/modules/gateway/internal/limit"
	"app/platform/operation"
	"app/platform/redistest"
)

// generous is for Redis on a machine that has much else to do.
const generous = 30 * time.Second

// gateway is a limiter of the tests' quota that shares it at an address, with what it
// logs and counts.
type gateway struct {
	*limit.Limiter
	registry *prometheus.Registry
	log      lines
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

func newGateway(t *testing.T, address string, patience time.Duration) *gateway {
	t.Helper()
	g := &gateway{registry: prometheus.NewRegistry()}
	shared, err := limit.NewShared(address, patience, slog.New(slog.NewTextHandler(&g.log, nil)), g.registry)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.Close() })
	c := &clock{}
	g.Limiter = limit.New(limit.Options{Quotas: limit.Quotas{operation.RateAuth: 1}, Keys: 100, Now: c.Now, Shared: shared})
	return g
}

// wantShared compares the gauge.
func (g *gateway) wantShared(t *testing.T, want int) {
	t.Helper()
	expected := fmt.Sprintf("# HELP %[1]s %[2]s\n# TYPE %[1]s gauge\n%[1]s %[3]d\n",
		"souk_gateway_limits_shared", "Whether limits are shared with the other gateways: 0 while Redis does not answer.", want)
	if err := testutil.GatherAndCompare(g.registry, strings.NewReader(expected), "souk_gateway_limits_shared"); err != nil {
		t.Error(err)
	}
}

// slowBurst is the burst of one request a minute.
const slowBurst = 5

func TestShared_TwoGatewaysHaveOneLimit(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	gateways := []*gateway{newGateway(t, redis.URL(), generous), newGateway(t, redis.URL(), generous)}
	var mu sync.Mutex
	allowed := 0
	var wg sync.WaitGroup
	for i := range 8 { // at once, through both
		wg.Go(func() {
			for range 5 {
				if take(gateways[i%2].Limiter, "a").Allowed {
					mu.Lock()
					allowed++
					mu.Unlock()
				}
			}
		})
	}
	if wg.Wait(); allowed != slowBurst {
		t.Errorf("%d allowed of two gateways together, want %d", allowed, slowBurst)
	}
	v := take(gateways[1].Limiter, "b")
	if got := headers(v); !v.Allowed || got != `"auth";q=1;w=60 "auth";r=4;t=60` && got != `"auth";q=1;w=60 "auth";r=3;t=60` { // Redis rounds
		t.Errorf("another caller: %v, %s", v.Allowed, got)
	}
	if v := take(gateways[0].Limiter, "a"); v.Allowed || v.RetryAfter <= 0 || v.RetryAfter > time.Minute {
		t.Errorf("refused with %+v", v)
	}
	gateways[0].wantShared(t, 1)
}

// Without Redis a gateway limits alone, says so once, and shares again when Redis is
// back.
func TestShared_RedisGoesAndComes(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	g := newGateway(t, redis.URL(), generous)
	drain(t, g.Limiter, "a")
	redis.Kill(t)
	if n, _ := drain(t, g.Limiter, "a"); n != slowBurst {
		t.Errorf("%d allowed by the gateway alone, want %d", n, slowBurst)
	}
	g.wantShared(t, 0)
	if n := g.log.count("level=WARN"); n != 1 {
		t.Errorf("%d lines", n)
	}
	redis.Restart(t)
	deadline := time.Now().Add(time.Minute)
	for pause := time.NewTicker(20 * time.Millisecond); !take(g.Limiter, "a").Allowed; <-pause.C {
		if time.Now().After(deadline) {
			t.Fatal("the new, empty Redis is not asked")
		}
	}
	g.wantShared(t, 1)
	if n := g.log.count("shared between"); n != 1 {
		t.Errorf("%d lines about the return", n)
	}
}

// A Redis that accepts and says nothing costs one request its patience, not every
// request.
func TestShared_RedisHangs(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var asked atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			defer func() { _ = conn.Close() }()
		}
	}()
	g := newGateway(t, "redis://"+listener.Addr().String(), 50*time.Millisecond)
	if n, _ := drain(t, g.Limiter, "a"); n != slowBurst {
		t.Errorf("%d allowed", n)
	}
	if n := asked.Load(); n < 1 || n > slowBurst {
		t.Errorf("asked %d times for %d requests", n, slowBurst+1)
	}
	if n := g.log.count("level=WARN"); n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestNewShared_ErrAddress(t *testing.T) {
	t.Parallel()
	_, err := limit.NewShared("http://user:secret@host", generous, slog.Default(), nil)
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "REDIS_URL") {
		t.Errorf("got %v", err)
	}
}

// An arrival time that no quota allows, as after the clock of Redis has gone back, is
// none.
func TestFault22_TheClockOfRedisGoesBack(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	g := newGateway(t, redis.URL(), generous)
	conn, err := redigo.Dial("unix", strings.TrimPrefix(redis.URL(), "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Do("SET", "souk:auth:a", time.Now().Add(time.Hour).UnixMicro()); err != nil {
		t.Fatal(err)
	}
	if v := take(g.Limiter, "a"); !v.Allowed {
		t.Errorf("locked out for %s", v.RetryAfter)
	}
	allowed := 1
	for range 2 * slowBurst {
		if take(g.Limiter, "a").Allowed {
			allowed++
		}
	}
	if allowed != slowBurst {
		t.Errorf("%d allowed, want %d", allowed, slowBurst)
	}
}
