package limit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// Patience is how long a request waits for Redis to count it, at most. A Redis near
	// the gateway answers within a millisecond; who has to wait longer than this is
	// better counted alone.
	Patience = 100 * time.Millisecond
	// pause is how long Redis is left alone after it has failed: then one request finds
	// out whether it is back.
	pause = time.Second
	// connections bounds what one gateway has open to Redis. A question takes a
	// fraction of a millisecond.
	connections = 64
)

// counting does in Redis what class.decision does here, in one step and by the clock of
// Redis, in microseconds. It gives whether the request is allowed, and how far ahead of
// time the caller then is. The arrival time is kept as text: Lua would round it. One
// further ahead than a quota allows, by a second and more, is none: the clock has gone
// back.
var counting = redis.NewScript(1, `
local clock = redis.call("TIME")
local now = clock[1] * 1000000 + clock[2]
local step, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
local before = math.max(tonumber(redis.call("GET", KEYS[1]) or now), now)
if before > now + tolerance + 1000000 then
  before = now
end
local after = before + step
if after - tolerance > now then
  return {0, before - now}
end
redis.call("SET", KEYS[1], string.format("%.0f", after), "PX", math.ceil((after - now) / 1000))
return {1, after - now}
`)

// Shared counts requests in a Redis, so that several gateways have one limit. While
// Redis does not answer, each gateway counts alone, from nothing: requests go on, and a
// caller may have his quota from each. Safe for concurrent use.
type Shared struct {
	pool     *redis.Pool
	patience time.Duration
	logger   *slog.Logger
	alone    prometheus.Counter

	retryAt atomic.Int64 // nanoseconds since 1970; zero while Redis answers
}

// NewShared prepares to count in the Redis at an address such as
// redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path of a socket. It
// does not connect yet, and a Redis that is away is no error. patience is for tests on
// machines with much to do; else Patience.
func NewShared(address string, patience time.Duration, logger *slog.Logger, metrics prometheus.Registerer) (*Shared, error) {
	u, err := url.Parse(address)
	if err != nil || !slices.Contains([]string{"redis", "rediss", "unix"}, u.Scheme) || u.Host+u.Path == "" {
		return nil, errors.New("REDIS_URL: not a URL that begins with redis://, rediss:// or unix://") // the error may show a password
	}
	s := &Shared{pool: newPool(u, patience), patience: patience, logger: logger}
	s.alone = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "souk_gateway_limits_alone_total", Help: "Requests that this gateway counted alone because Redis did not answer.",
	})
	shared := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "souk_gateway_limits_shared", Help: "Whether limits are shared with the other gateways: 0 while Redis does not answer.",
	}, s.redisAvailability)
	if metrics != nil {
		return s, errors.Join(metrics.Register(s.alone), metrics.Register(shared))
	}
	return s, nil
}

func newPool(address *url.URL, patience time.Duration) *redis.Pool {
	bounds := []redis.DialOption{
		redis.DialConnectTimeout(patience), redis.DialReadTimeout(patience), redis.DialWriteTimeout(patience),
	}
	return &redis.Pool{
		MaxIdle: connections, MaxActive: connections, Wait: true,
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			if address.Scheme == "unix" {
				return redis.DialContext(ctx, "unix", address.Path, bounds...)
			}
			return redis.DialURLContext(ctx, address.String(), bounds...)
		},
		// What has rested for as long as Redis is left alone may be from before Redis
		// went away.
		TestOnBorrowContext: func(ctx context.Context, conn redis.Conn, rested time.Time) error {
			if time.Since(rested) < pause {
				return nil
			}
			_, err := redis.DoContext(conn, ctx, "PING")
			return err
		},
	}
}

// Close ends the connections.
func (s *Shared) Close() error {
	if err := s.pool.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

func (s *Shared) redisAvailability() float64 {
	if s.retryAt.Load() == 0 {
		return 1
	}
	return 0
}

// tryCountRequest counts a request; not ok when the process has to count it alone.
func (s *Shared) tryCountRequest(ctx context.Context, c *class, caller string) (v Decision, ok bool) {
	if !s.mayAsk() {
		s.alone.Inc()
		return Decision{}, false
	}
	allowed, ahead, err := s.countInRedis(ctx, c, caller)
	if err != nil {
		s.noteRedisFailure(ctx, err)
		s.alone.Inc()
		return Decision{}, false
	}
	if s.retryAt.Swap(0) != 0 {
		s.logger.InfoContext(ctx, "redis answers again: limits are shared between the gateways")
	}
	step, tolerance := c.quota.step, c.quota.step*time.Duration(c.quota.burst)
	if !allowed {
		return Decision{RetryAfter: max(ahead+step-tolerance, time.Millisecond), class: c, reset: ahead}, true
	}
	return Decision{Allowed: true, class: c, left: int((tolerance - ahead) / step), reset: ahead}, true
}

// countInRedis asks Redis. A client that goes away says nothing about Redis, and its
// request counts.
func (s *Shared) countInRedis(ctx context.Context, c *class, caller string) (allowed bool, ahead time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience)
	defer cancel()
	conn, err := s.pool.GetContext(ctx)
	if err != nil {
		return false, 0, fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }() // gives it back
	step := c.quota.step.Microseconds()
	said, err := redis.Int64s(counting.DoContext(ctx, conn, "souk:"+c.name+":"+caller, step, step*int64(c.quota.burst)))
	if err != nil {
		return false, 0, fmt.Errorf("count: %w", err)
	}
	if len(said) != 2 {
		return false, 0, fmt.Errorf("count: %d values instead of 2", len(said))
	}
	return said[0] == 1, time.Duration(said[1]) * time.Microsecond, nil
}

// mayAsk reports whether Redis is worth a try: always while it answers, after that one
// request in each pause.
func (s *Shared) mayAsk() bool {
	at := s.retryAt.Load()
	if at == 0 {
		return true
	}
	now := time.Now().UnixNano()
	return (now >= at || at > now+int64(pause)) && s.retryAt.CompareAndSwap(at, now+int64(pause))
}

// noteRedisFailure notes that Redis did not answer, with one line for all the requests
// that find out.
func (s *Shared) noteRedisFailure(ctx context.Context, err error) {
	if s.retryAt.Swap(time.Now().Add(pause).UnixNano()) == 0 {
		s.logger.WarnContext(ctx, "redis does not answer: each gateway counts its limits alone", "error", err)
	}
}
