// Package guard runs what a module does for a call, the same way for a caller in the
// process and for one behind the network: in a goroutine of its own, with a deadline,
// and with every error and panic made into what may cross.
package guard

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
	"app/platform/rpc/internal/tracing"
	"app/platform/rpc/internal/wire"
)

// reasonCaller is the callee's: the module has not declared that it calls this.
const reasonCaller = "caller_not_declared"

// Options say what a guard is made of. Only Tracer may be missing, which makes no spans
// then.
type Options struct {
	// Module and Service are what it guards, Remote calls that come from elsewhere.
	Module, Service string
	Remote          bool
	// Logger says which module it is for.
	Logger *slog.Logger
	Tracer trace.Tracer
	// Timeout is the deadline of a call whose caller has none.
	Timeout time.Duration
	Workers *WorkerPool
	// Running counts the callees at work, in all guards that share it.
	Running *atomic.Int64
}

// Guard is what stands before a module, whichever way a call arrives.
type Guard struct {
	module  string
	service string
	remote  bool
	log     *slog.Logger
	tracer  trace.Tracer // nil: no traces
	timeout time.Duration
	workers *WorkerPool
	running *atomic.Int64 // callees at work, in all guards of the runtime
}

// New makes a guard.
func New(o Options) *Guard {
	return &Guard{
		module: o.Module, service: o.Service, remote: o.Remote, log: o.Logger, tracer: o.Tracer,
		timeout: o.Timeout, workers: o.Workers, running: o.Running,
	}
}

// Run executes the callee's work with the values that crossed, and waits for it no
// longer than the waiting context allows. The work goes on in a goroutine of its own;
// once nobody waits for it, its context is cancelled and its result is dropped, so the
// work must share nothing with the waiting side but what only it writes.
func (g *Guard) Run(wait, values context.Context, method string, work func(context.Context) error) *fault.Error {
	if err := wait.Err(); err != nil {
		return fault.From(err)
	}
	ctx, cancel, expired := g.withCallDeadline(wait, values)
	defer cancel()
	a := &attempt{g: g, ctx: ctx, method: method, work: work, done: make(chan *fault.Error, 1)}
	g.running.Add(1)
	g.workers.runJob(a)
	select {
	case v := <-a.done:
		return v
	case <-wait.Done(): // the caller's deadline, or the caller went away
		return a.resultOrContextError(wait)
	case <-expired:
		return a.resultOrContextError(ctx)
	}
}

// DenyCaller is the error for a caller that the service is not for, and writes the one
// line about it in the log.
func (g *Guard) DenyCaller(ctx context.Context, caller, method string) *fault.Error {
	v := fault.New(fault.PermissionDenied, reasonCaller, "")
	g.log.LogAttrs(ctx, slog.LevelError, "call refused: the caller has not declared it", slog.String("method", method),
		slog.String("caller", caller), slog.String("code", string(v.Code)), slog.String("reason", v.Reason),
		slog.String("request_id", callctx.RequestID(ctx)))
	return v
}

// withCallDeadline gives the callee the deadline of the waiting side. A caller without
// one gets the default, whose end must be watched for: expired is nil otherwise.
func (g *Guard) withCallDeadline(wait, values context.Context) (ctx context.Context, cancel context.CancelFunc, expired <-chan struct{}) {
	if deadline, bounded := wait.Deadline(); bounded {
		ctx, cancel = context.WithDeadline(values, deadline)
		return ctx, cancel, nil
	}
	ctx, cancel = context.WithTimeout(values, g.timeout)
	return ctx, cancel, ctx.Done()
}

// attempt is a callee at work.
type attempt struct {
	g      *Guard
	ctx    context.Context //nolint:containedctx // it is the argument of do
	method string
	work   func(context.Context) error
	done   chan *fault.Error
}

// resultOrContextError prefers a result that came at the last moment.
func (a *attempt) resultOrContextError(ended context.Context) *fault.Error {
	select {
	case v := <-a.done:
		return v
	default:
		return fault.From(ended.Err())
	}
}

// crashed is the error of work that did not return.
var crashed = fault.New(fault.Internal, "internal", "")

// do runs in the callee's goroutine.
func (a *attempt) do() {
	failure := crashed // stays when work ends by runtime.Goexit, as a failing test assertion does
	defer func() {
		if p := recover(); p != nil {
			failure = crashed
			a.g.log.LogAttrs(a.ctx, slog.LevelError, "call panicked", append(callLogAttrs(a.ctx, a.method, failure),
				slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))...)
		} else if failure == crashed {
			a.g.log.LogAttrs(a.ctx, slog.LevelError, "call ended its goroutine", callLogAttrs(a.ctx, a.method, failure)...)
		}
		a.g.running.Add(-1)
		a.done <- failure
	}()
	if a.g.tracer == nil {
		failure = a.g.errorForCaller(a.ctx, a.method, a.work(a.ctx))
		return
	}
	ctx, span := tracing.StartSpan(a.ctx, a.g.tracer, trace.SpanKindServer, tracing.Call{
		Caller: identity.Caller(a.ctx), Module: a.g.module, Service: a.g.service, Method: a.method, Remote: a.g.remote,
	})
	defer func() { tracing.EndSpan(span, failure) }()
	failure = a.g.errorForCaller(ctx, a.method, a.work(ctx))
}

// errorForCaller turns an error of the callee into the one that its caller gets,
// and logs what is the callee's to mend.
func (g *Guard) errorForCaller(ctx context.Context, method string, err error) *fault.Error {
	if err == nil {
		return nil
	}
	failure := fault.From(err)
	if _, complete := wire.FromError(failure); !complete {
		g.log.LogAttrs(ctx, slog.LevelError, "details of an error dropped: not encodable or too large", callLogAttrs(ctx, method, failure)...)
	}
	if failure.Code == fault.Internal && !loggedDownstream(failure) {
		g.log.LogAttrs(ctx, slog.LevelError, "call failed", append(callLogAttrs(ctx, method, failure), slog.String("error", err.Error()))...)
	}
	return failure
}

// loggedDownstream reports whether the module that failed has logged the failure:
// errors are handled once.
func loggedDownstream(v *fault.Error) bool {
	var call *fault.CallError
	return errors.As(v.Unwrap(), &call) && call.Code == fault.Internal
}

// callLogAttrs is what each log line says of a call.
func callLogAttrs(ctx context.Context, method string, v *fault.Error) []slog.Attr {
	return []slog.Attr{
		slog.String("method", method), slog.String("caller", identity.Caller(ctx)), slog.String("code", string(v.Code)),
		slog.String("reason", v.Reason), slog.String("request_id", callctx.RequestID(ctx)),
	}
}
