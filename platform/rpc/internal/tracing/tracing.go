// Package tracing makes the two spans of a call between modules: the caller's and the
// callee's.
package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"app/platform/fault"
)

// TransportName names the way of a call in metrics and traces.
func TransportName(remote bool) string {
	if remote {
		return "remote"
	}
	return "local"
}

// Call is what a span says of the call.
type Call struct {
	Caller, Module, Service, Method string
	Remote                          bool
}

// StartSpan begins one of the two spans of a call. Without a tracer it does nothing,
// and the span is nil.
func StartSpan(ctx context.Context, tracer trace.Tracer, kind trace.SpanKind, i Call) (context.Context, trace.Span) {
	if tracer == nil {
		return ctx, nil
	}
	return tracer.Start(ctx, i.Service+"/"+i.Method, trace.WithSpanKind(kind), trace.WithAttributes( //nolint:spancheck // FinishSpan ends it
		attribute.String("rpc.system", "connect_rpc"),
		attribute.String("rpc.service", i.Service),
		attribute.String("rpc.method", i.Method),
		attribute.String("souk.caller", i.Caller),
		attribute.String("souk.module", i.Module),
		attribute.String("transport", TransportName(i.Remote)),
	))
}

// EndSpan ends a span with the error of its call, which may be nil, as the span may.
func EndSpan(span trace.Span, v *fault.Error) {
	if span == nil {
		return
	}
	if v == nil {
		FinishSpan(span, "", "")
		return
	}
	FinishSpan(span, v.Code, v.Reason)
}

// FinishSpan ends a span; only what the callee has to mend, or could not do in time, is
// an error of the trace.
func FinishSpan(span trace.Span, code fault.Code, reason string) {
	if code != "" {
		span.SetAttributes(attribute.String("souk.code", string(code)), attribute.String("souk.reason", reason))
	}
	switch code {
	case fault.Internal, fault.Unavailable, fault.DeadlineExceeded:
		span.SetStatus(otelcodes.Error, reason)
	default:
	}
	span.End()
}
