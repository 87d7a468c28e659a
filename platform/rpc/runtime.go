package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"app/platform/identity"
	"app/platform/rpc/internal/connections"
	"app/platform/rpc/internal/guard"
)

// Defaults of Options.
const (
	DefaultTimeout  = 5 * time.Second
	DefaultInFlight = 256
)

// Options of a Runtime. Only the Signer has no default, and only a process without
// remote calls does without it.
type Options struct {
	// Signer signs calls to other processes and verifies those of others.
	Signer *identity.Signer
	// Logger gets failures, each line with the module it concerns; discarded when nil.
	Logger *slog.Logger
	// Metrics is where souk_rpc_* is registered; nowhere when nil.
	Metrics prometheus.Registerer
	// Tracer makes the spans; nil makes none, but the trace of a caller still crosses.
	Tracer trace.TracerProvider
	// Timeout is the deadline of a call whose caller has none; DefaultTimeout when
	// zero.
	Timeout time.Duration
	// InFlight bounds the calls at work at once per edge; DefaultInFlight when zero.
	InFlight uint
	// Now is the clock by which connections age; time.Now when nil.
	Now func() time.Time
}

// Runtime is the boundary between the modules of one process and to those of others.
// Safe for concurrent use.
type Runtime struct {
	o       Options
	metrics *metrics
	tracer  trace.Tracer
	running atomic.Int64
	pool    *connections.Pool
	workers guard.WorkerPool
}

// NewRuntime makes the boundary of a process.
func NewRuntime(o Options) *Runtime {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.InFlight == 0 {
		o.InFlight = DefaultInFlight
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Runtime{o: o, metrics: newMetrics(o.Metrics), pool: connections.NewPool(MaxMessage, o.Now)}
	if o.Tracer != nil {
		r.tracer = o.Tracer.Tracer("app/platform/rpc")
	}
	return r
}

// BindLocal connects a caller's dependency to a module of this process. The service's
// handler is asked for at the first call. It fails when the service does not answer the
// dependency.
func (r *Runtime) BindLocal(caller string, d Dependency, s Service) error {
	if s.Contract.Service != d.Contract.Service || s.Module != d.Module {
		return fmt.Errorf("bind %s for %s: %s answers %s", d, caller, s.Module, s.Contract.Service)
	}
	if err := d.checkMethods(); err != nil {
		return fmt.Errorf("bind %s for %s: %w", d, caller, err)
	}
	d.fill(r.newEdge(caller, d, &s, nil))
	return nil
}

// BindRemote connects a caller's dependency to the process at the base URL, such as
// "http://catalog:8081". It does not try to reach it. It fails on a URL that is not
// one, and without a Signer.
func (r *Runtime) BindRemote(caller string, d Dependency, baseURL string) error {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("bind %s for %s: %q is not an http or https URL", d, caller, baseURL)
	}
	if r.o.Signer == nil {
		return fmt.Errorf("bind %s for %s: a call to another process needs a signer (INTERNAL_KEY)", d, caller)
	}
	if err := d.checkMethods(); err != nil {
		return fmt.Errorf("bind %s for %s: %w", d, caller, err)
	}
	d.fill(r.newEdge(caller, d, nil, u.JoinPath(Prefix)))
	return nil
}

// Drain waits until no callee is at work, those included whose callers have gone. It
// returns the context's error when they are not done in time.
func (r *Runtime) Drain(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for r.running.Load() > 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d calls still at work: %w", r.running.Load(), ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// Close gives back what waits for calls: idle connections and idle goroutines. Calls at
// work are not disturbed, and further ones are still served.
func (r *Runtime) Close() {
	r.pool.CloseIdleConnections()
	r.workers.Stop()
}

func (r *Runtime) newGuard(s *Service, remote bool) *guard.Guard {
	return guard.New(guard.Options{
		Module:  s.Module,
		Service: s.Contract.Service,
		Remote:  remote,
		Workers: &r.workers,
		Logger:  r.o.Logger.With(slog.String("module", s.Module)),
		Tracer:  r.tracer,
		Timeout: r.o.Timeout,
		Running: &r.running,
	})
}
