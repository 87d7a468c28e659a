package rpc

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/rpc/internal/connections"
	"app/platform/rpc/internal/guard"
	"app/platform/rpc/internal/tracing"
	"app/platform/rpc/internal/wire"
)

const (
	// A module that fails is asked again after retryAfter; three calls may try at once,
	// one success suffices.
	retryAfter  = 500 * time.Millisecond
	probes      = 3
	failureRate = 0.5
	minCalls    = 10
	window      = 10 * time.Second
	// maxQueue is how long a call waits while too many are at work.
	maxQueue = time.Second
)

// Edge is one caller's way to one module: local or remote, decided when it is bound.
// Local and remote edges have the same limits. It is used by generated code.
type Edge struct {
	rt       *Runtime
	caller   string
	values   context.Context //nolint:containedctx // holds the caller's name and no request
	module   string
	contract Contract
	log      *slog.Logger

	service *Service          // local
	guard   *guard.Guard      // local
	pool    *connections.Pool // remote
	baseURL string            // remote, with Prefix
	prefix  string            // the path of baseURL
	link    Link              // nil for none

	breaker  circuitbreaker.CircuitBreaker[any]
	failed   atomic.Bool // a call has, since the breaker was last reset
	bulkhead bulkhead.Bulkhead[any]
	budget   budget
}

func (r *Runtime) newEdge(caller string, d Dependency, s *Service, base *url.URL) *Edge {
	e := &Edge{
		rt: r, caller: caller, module: d.Module, contract: d.Contract, service: s, link: d.link,
		values:   identity.WithCaller(context.Background(), caller),
		log:      r.o.Logger.With(slog.String("module", caller), slog.String("callee", d.Module)),
		bulkhead: bulkhead.New[any](r.o.InFlight),
	}
	if s != nil {
		e.guard = r.newGuard(s, false)
	} else {
		e.pool, e.baseURL, e.prefix = r.pool, base.String(), "/"+strings.TrimPrefix(base.EscapedPath(), "/")
	}
	open := r.metrics.circuit.WithLabelValues(caller, d.Module, tracing.TransportName(e.isRemote()))
	e.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(failureRate, minCalls, window).
		WithSuccessThresholdRatio(1, probes).
		WithDelay(retryAfter).
		OnStateChanged(func(event circuitbreaker.StateChangedEvent) { e.reportBreakerState(event, open.Set) }).
		Build()
	return e
}

func (e *Edge) isRemote() bool { return e.service == nil }

// reportBreakerState reports what the breaker does.
func (e *Edge) reportBreakerState(event circuitbreaker.StateChangedEvent, gauge func(float64)) {
	switch {
	case event.NewState == circuitbreaker.OpenState && event.OldState == circuitbreaker.ClosedState:
		gauge(1)
		e.log.Warn("calls stopped: the module fails", slog.Float64("failure_rate", event.Metrics().FailureRate()))
		if e.pool != nil {
			e.pool.Renew()
		}
	case event.NewState == circuitbreaker.ClosedState:
		gauge(0)
		e.log.Info("calls resumed: the module answers again")
	}
}

// checkAllowed refuses what must not be called at all: a caller inside its transaction,
// or one that no longer waits.
func (e *Edge) checkAllowed(ctx context.Context, method string) *refusal {
	if module := callctx.Transaction(ctx); module != "" {
		e.log.LogAttrs(ctx, slog.LevelError, "programming error: call inside a transaction", slog.String("transaction", module),
			slog.String("method", method), slog.String("request_id", callctx.RequestID(ctx)), slog.String("stack", string(debug.Stack())))
		return e.unsentError(method, fault.New(fault.Internal, reasonTransaction, ""))
	}
	if err := ctx.Err(); err != nil {
		return e.unsentError(method, fault.From(err))
	}
	return nil
}

// acquirePermit takes a place among the calls at work; leave must follow unless it
// refuses.
func (e *Edge) acquirePermit(ctx context.Context, method string) *refusal {
	switch err := e.bulkhead.AcquirePermitWithMaxWait(ctx, maxQueue); {
	case errors.Is(err, bulkhead.ErrFull):
		return e.unsentError(method, fault.New(fault.Unavailable, reasonOverloaded, ""))
	case err != nil:
		return e.unsentError(method, fault.From(err))
	}
	if !e.breaker.TryAcquirePermit() {
		e.bulkhead.ReleasePermit()
		return e.unsentError(method, fault.New(fault.Unavailable, reasonModuleDown, ""))
	}
	return nil
}

// releasePermit gives the place back and tells the breaker what the call says about the
// module: an answer of any kind is a good sign, a caller that went away no sign at all.
func (e *Edge) releasePermit(r *refusal) {
	defer e.bulkhead.ReleasePermit()
	switch {
	case r == nil:
		e.recordAnswer()
	case r.unsent, r.Code == fault.Canceled:
		// The breaker has no way to return the permit of a probe: begin the probing
		// anew.
		if e.breaker.IsHalfOpen() {
			e.breaker.Open()
			e.breaker.HalfOpen()
		}
	case r.answered && r.Code != fault.DeadlineExceeded:
		e.recordAnswer()
	default:
		e.failed.Store(true)
		e.breaker.RecordFailure()
	}
}

// recordAnswer tells the breaker of an answer. failsafe compares the rate of failures
// at successes too, so that the tenth call of a window would stop calls to a module
// that answers again, because of what failed before: such a window begins anew.
func (e *Edge) recordAnswer() {
	if e.failed.Load() && e.breaker.IsClosed() {
		m := e.breaker.Metrics()
		if calls := m.Executions() + 1; calls >= minCalls && float64(m.Failures()) >= failureRate*float64(calls) {
			e.failed.Store(false)
			e.breaker.HalfOpen() // and closed again by the success below, with nothing counted
		}
	}
	e.breaker.RecordSuccess()
}

// shouldRetry reports whether a call is made a second time.
func (e *Edge) shouldRetry(ctx context.Context, level Level, r *refusal) bool {
	e.budget.earnRetryCredit()
	if !level.Repeatable() || ctx.Err() != nil {
		return false
	}
	if e.link == nil {
		return r.isRetryable() && e.budget.spendRetryCredit()
	}
	if e.link.Twice() || r.isRetryable() && e.budget.spendRetryCredit() {
		e.link.Repeated()
		return true
	}
	return false
}

// unsentError is a refusal by this side.
func (e *Edge) unsentError(method string, v *fault.Error) *refusal {
	return &refusal{CallError: e.callError(method, v), unsent: true, cause: v.Unwrap()}
}

// callError shows an error to the caller, reduced to what crosses.
func (e *Edge) callError(method string, v *fault.Error) *fault.CallError {
	w, _ := wire.FromError(v)
	return wire.CallError(e.module, method, w)
}

// budget lets one call in ten be repeated, and a handful before any were made.
type budget struct{ spent atomic.Int64 }

const (
	retryCost   = 10
	retryCredit = 10 * retryCost
)

func (b *budget) earnRetryCredit() {
	for {
		spent := b.spent.Load()
		if spent == 0 || b.spent.CompareAndSwap(spent, spent-1) {
			return
		}
	}
}

func (b *budget) spendRetryCredit() bool {
	for {
		spent := b.spent.Load()
		if spent+retryCost > retryCredit {
			return false
		}
		if b.spent.CompareAndSwap(spent, spent+retryCost) {
			return true
		}
	}
}
