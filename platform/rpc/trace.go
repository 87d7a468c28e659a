package rpc

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"app/platform/fault"
)

// transportName names the way of a call in metrics and traces.
func transportName(remote bool) string {
	if remote {
		return "remote"
	}
	return "local"
}

type spanInfo struct {
	caller, module, service, method string
	remote                          bool
}

// startSpan begins one of the two spans of a call: the caller's and the callee's.
// Without a tracer it does nothing.
func startSpan(ctx context.Context, tracer trace.Tracer, kind trace.SpanKind, i spanInfo) (context.Context, trace.Span) {
	if tracer == nil {
		return ctx, nil
	}
	return tracer.Start(ctx, i.service+"/"+i.method, trace.WithSpanKind(kind), trace.WithAttributes( //nolint:spancheck // finish ends it
		attribute.String("rpc.system", "connect_rpc"),
		attribute.String("rpc.service", i.service),
		attribute.String("rpc.method", i.method),
		attribute.String("souk.caller", i.caller),
		attribute.String("souk.module", i.module),
		attribute.String("transport", transportName(i.remote)),
	))
}

// endSpan ends the callee's span with its error.
func endSpan(span trace.Span, v *fault.Error) {
	if span == nil {
		return
	}
	if v == nil {
		finishSpan(span, "", "")
		return
	}
	finishSpan(span, v.Code, v.Reason)
}

// finishSpan ends a span; only what the callee has to mend, or could not do in time, is
// an error of the trace.
func finishSpan(span trace.Span, code fault.Code, reason string) {
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
