package limit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// Patience is how long a request waits for Redis to count it, at most, in each of connecting, asking and hearing. A
	// Redis near the gateway answers within a millisecond; who has to wait longer than this is better counted alone.
	Patience = 100 * time.Millisecond
	// pause is how long Redis is left alone after it has failed: then one request finds out whether it is back.
	pause = time.Second
)

// Shared counts requests in a Redis, so that several gateways have one limit. While Redis does not answer, each gateway
// counts alone, from nothing: requests go on, and a caller may have his quota from each. Safe for concurrent use.
type Shared struct {
	client  *redis.Client
	limiter *redis_rate.Limiter
	logger  *slog.Logger
	alone   prometheus.Counter

	retryAt atomic.Int64 // nanoseconds since 1970; zero while Redis answers
}

// NewShared prepares to count in the Redis at an address such as redis://user:password@host:6379/0, or rediss:// for TLS.
// It does not connect yet, and a Redis that is away is no error. patience is for tests on machines with much to do; else Patience.
func NewShared(address string, patience time.Duration, logger *slog.Logger, metrics prometheus.Registerer) (*Shared, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, errors.New("REDIS_URL: not a URL that begins with redis:// or rediss://") // the error may show a password
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = patience, patience, patience, patience
	options.MaxRetries, options.DialerRetries = -1, 1
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	s := &Shared{client: redis.NewClient(options), logger: logger}
	s.limiter = redis_rate.NewLimiter(s.client)
	s.alone = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "souk_gateway_limits_alone_total", Help: "Requests that this gateway counted alone because Redis did not answer.",
	})
	shared := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "souk_gateway_limits_shared", Help: "Whether limits are shared with the other gateways: 0 while Redis does not answer.",
	}, s.answering)
	if metrics != nil {
		err = errors.Join(metrics.Register(s.alone), metrics.Register(shared))
	}
	return s, err
}

// Close ends the connections.
func (s *Shared) Close() error {
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

func (s *Shared) answering() float64 {
	if s.retryAt.Load() == 0 {
		return 1
	}
	return 0
}

// take counts a request; not ok when the process has to count it alone.
func (s *Shared) take(ctx context.Context, c *class, caller string) (v Verdict, ok bool) {
	if !s.mayAsk() {
		s.alone.Inc()
		return Verdict{}, false
	}
	// A client that goes away says nothing about Redis, and its request counts.
	result, err := s.limiter.Allow(context.WithoutCancel(ctx), "souk:"+c.name+":"+caller,
		redis_rate.Limit{Rate: c.quota.perMinute, Burst: c.quota.burst, Period: time.Minute})
	if err != nil {
		s.failed(ctx, err)
		s.alone.Inc()
		return Verdict{}, false
	}
	if s.retryAt.Swap(0) != 0 {
		s.logger.InfoContext(ctx, "redis answers again: limits are shared between the gateways")
	}
	v = Verdict{Allowed: result.Allowed > 0, class: c, left: result.Remaining, reset: result.ResetAfter}
	if !v.Allowed {
		v.RetryAfter = max(result.RetryAfter, time.Millisecond)
	}
	return v, true
}

// mayAsk tells whether Redis is worth a try: always while it answers, after that one request in each pause.
func (s *Shared) mayAsk() bool {
	at := s.retryAt.Load()
	if at == 0 {
		return true
	}
	now := time.Now().UnixNano()
	return now >= at && s.retryAt.CompareAndSwap(at, now+int64(pause))
}

// failed notes that Redis did not answer, with one line for all the requests that find out.
func (s *Shared) failed(ctx context.Context, err error) {
	if s.retryAt.Swap(time.Now().Add(pause).UnixNano()) == 0 {
		s.logger.WarnContext(ctx, "redis does not answer: each gateway counts its limits alone", "error", err)
	}
}
