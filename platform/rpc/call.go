package rpc

import (
	"context"
	"time"

	"connectrpc.com/connect"
	"go.opentelemetry.io/otel/trace"

	"app/platform/fault"
	"app/platform/rpc/internal/tracing"
)

// Call is one method of an edge. It is used by generated code.
type Call[Req, Resp any] struct {
	edge         *Edge
	method       Method
	meter        meter
	copyRequest  func(c *Copier, to, from *Req)
	copyResponse func(c *Copier, to, from *Resp)
	// One of the two, as the edge is bound.
	local  func(context.Context, *Req) (*Resp, error)
	remote *connect.Client[encoded, encoded]
	target string // of the remote request, as its assertion names it
	// barred: the callee does not let the caller call this method.
	barred bool
}

// NewCall is called by generated code, with the number of the method in its contract.
func NewCall[Req, Resp any](e *Edge, method int, request func(c *Copier, to, from *Req), response func(c *Copier, to, from *Resp)) *Call[Req, Resp] {
	c := &Call[Req, Resp]{edge: e, method: e.contract.Methods[method], copyRequest: request, copyResponse: response}
	c.meter = e.rt.metrics.newMeter(e.caller, e.module, c.method.Name, e.isRemote())
	if e.isRemote() {
		c.remote, c.target = e.newConnectClient(c.method.Name), e.prefix+e.methodPath(c.method.Name)
	} else {
		c.barred = !e.service.allowsCaller(e.caller, c.method.Name)
		//nolint:forcetypeassert,errcheck // both sides are generated from one contract, whose name BindLocal has compared
		c.local = e.service.endpoints[method].local.(func(context.Context, *Req) (*Resp, error))
	}
	return c
}

// Do makes the call. Its error is a *fault.CallError.
func (c *Call[Req, Resp]) Do(ctx context.Context, in *Req) (*Resp, error) {
	start, e := time.Now(), c.edge
	ctx, span := tracing.StartSpan(ctx, e.rt.tracer, trace.SpanKindClient, tracing.Call{
		Caller: e.caller, Module: e.module, Service: e.contract.Service, Method: c.method.Name, Remote: e.isRemote(),
	})
	out, r := c.callWithRetry(ctx, in)
	c.meter.recordCall(start, r)
	if r == nil {
		tracing.EndSpan(span, nil)
		return out, nil
	}
	if span != nil {
		tracing.FinishSpan(span, r.Code, r.Reason)
	}
	return nil, r.CallError
}

// callWithRetry makes the call once, or twice where the edge says so.
func (c *Call[Req, Resp]) callWithRetry(ctx context.Context, in *Req) (*Resp, *refusal) {
	if r := c.edge.checkAllowed(ctx, c.method.Name); r != nil {
		return nil, r
	}
	out, r := c.callOnce(ctx, in)
	if c.edge.shouldRetry(ctx, c.method.Level, r) {
		c.meter.retries.Inc()
		out, r = c.callOnce(ctx, in)
	}
	return out, r
}

func (c *Call[Req, Resp]) callOnce(ctx context.Context, in *Req) (out *Resp, r *refusal) {
	if r := c.edge.acquirePermit(ctx, c.method.Name); r != nil {
		return nil, r
	}
	defer func() { c.edge.releasePermit(r) }()
	if c.local != nil {
		return c.doLocal(ctx, in)
	}
	return c.doRemote(ctx, in)
}

// doLocal gives the callee copies, and copies what it answers while it is still the
// callee's turn.
func (c *Call[Req, Resp]) doLocal(ctx context.Context, in *Req) (*Resp, *refusal) {
	req, out := new(Req), new(Resp)
	var copier Copier
	c.copyRequest(&copier, req, in)
	if err := copier.checkEncodable(in); err != nil {
		return nil, c.edge.unsentError(c.method.Name, requestFault(err))
	}
	if c.barred {
		return nil, c.localRefusal(c.edge.guard.DenyCaller(ctx, c.edge.caller, c.method.Name))
	}
	failure := c.edge.guard.Run(ctx, calleeContext(c.edge.values, ctx), c.method.Name, func(ctx context.Context) error {
		resp, err := c.local(ctx, req)
		if err != nil {
			return err
		}
		var copier Copier
		c.copyResponse(&copier, out, resp)
		return responseFault(copier.checkEncodable(resp))
	})
	if failure != nil {
		return nil, c.localRefusal(failure)
	}
	return out, nil
}

func (c *Call[Req, Resp]) localRefusal(v *fault.Error) *refusal {
	return &refusal{CallError: c.edge.callError(c.method.Name, v), answered: true}
}
