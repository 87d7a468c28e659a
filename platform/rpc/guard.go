package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity"
)

// guard is what stands before a module, whichever way a call arrives.
type guard struct {
	module  string
	service string
	log     *slog.Logger
	tracer  trace.Tracer // nil: no traces
	timeout time.Duration
	running *atomic.Int64 // callees at work, in all guards of the runtime
}

// run executes the callee's work in the context that the envelope makes, and waits for it no longer than the
// waiting context allows. The work goes on in a goroutine of its own; once nobody waits for it, its context is
// cancelled and its result is dropped, so it must share nothing with the waiting side but what only it writes.
func (g *guard) run(wait context.Context, e envelope, method string, remote bool, work func(context.Context) error) *fault.Error {
	if err := wait.Err(); err != nil {
		return fault.From(err)
	}
	ctx, cancel := e.context(wait, g.timeout)
	defer cancel()
	done := make(chan *fault.Error, 1)
	g.running.Add(1)
	go g.work(ctx, method, remote, work, done)
	select {
	case v := <-done:
		return v
	case <-ctx.Done(): // the deadline
		return outcome(done, ctx)
	case <-wait.Done(): // the caller went away
		return outcome(done, wait)
	}
}

// outcome prefers a result that came at the last moment.
func outcome(done <-chan *fault.Error, ended context.Context) *fault.Error {
	select {
	case v := <-done:
		return v
	default:
		return fault.From(ended.Err())
	}
}

// work runs in the callee's goroutine.
func (g *guard) work(ctx context.Context, method string, remote bool, work func(context.Context) error, done chan<- *fault.Error) {
	// Stays when work ends by runtime.Goexit, as a failing test assertion does.
	verdict := fault.New(fault.Internal, "internal", "")
	defer func() {
		if p := recover(); p != nil {
			verdict = fault.New(fault.Internal, "internal", "")
			g.record(ctx, slog.LevelError, "call panicked", method, verdict,
				slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
		}
		g.running.Add(-1)
		done <- verdict
	}()
	ctx, span := startSpan(ctx, g.tracer, trace.SpanKindServer, spanInfo{
		caller: identity.Caller(ctx), module: g.module, service: g.service, method: method, remote: remote,
	})
	defer func() { endSpan(span, verdict) }()
	verdict = g.judge(ctx, method, work(ctx))
}

// judge turns an error of the callee into the verdict that its caller gets, and logs what is the callee's to mend.
func (g *guard) judge(ctx context.Context, method string, err error) *fault.Error {
	if err == nil {
		return nil
	}
	verdict := fault.From(err)
	if _, complete := toWire(verdict); !complete {
		g.record(ctx, slog.LevelError, "details of an error dropped: not encodable or too large", method, verdict)
	}
	if verdict.Code == fault.Internal && !loggedDownstream(verdict) {
		g.record(ctx, slog.LevelError, "call failed", method, verdict, slog.String("error", err.Error()))
	}
	return verdict
}

// loggedDownstream tells whether the module that failed has logged the failure: errors are handled once.
func loggedDownstream(v *fault.Error) bool {
	var call *fault.CallError
	return errors.As(v.Unwrap(), &call) && call.Code == fault.Internal
}

func (g *guard) record(ctx context.Context, level slog.Level, message, method string, v *fault.Error, more ...slog.Attr) {
	attrs := append([]slog.Attr{
		slog.String("method", method), slog.String("caller", identity.Caller(ctx)), slog.String("code", string(v.Code)),
		slog.String("reason", v.Reason), slog.String("request_id", callctx.RequestID(ctx)),
	}, more...)
	g.log.LogAttrs(ctx, level, message, attrs...)
}
