package rpc

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"app/platform/callctx"
	"app/platform/identity"
)

// Headers of a call between processes. The idempotency key does not travel as
// Idempotency-Key: net/http takes a request with that header for one it may send twice.
const (
	moduleHeader      = identity.AudienceHeader
	contractHeader    = "Souk-Contract"
	idempotencyHeader = "Souk-Idempotency"
)

// calleeContext makes the values that a callee sees: the base, which names the caller,
// and of the caller's context nothing but principal, request id, idempotency key and
// trace. Deadline and cancellation follow in the guard.
func calleeContext(base, from context.Context) context.Context {
	ctx := callctx.Carry(identity.Carry(base, from), from)
	if span := trace.SpanContextFromContext(from); span.IsValid() {
		ctx = trace.ContextWithSpanContext(ctx, span) // without the span itself, which is the caller's to end
	}
	return ctx
}

// traceContext carries the trace in the W3C headers traceparent and tracestate.
var traceContext propagation.TraceContext

// writeHeaders puts what crosses and is not in the assertion into headers.
func writeHeaders(ctx context.Context, h http.Header) {
	if k, ok := callctx.IdempotencyOf(ctx); ok {
		key := base64.RawURLEncoding.EncodeToString([]byte(k.Key))
		h.Set(idempotencyHeader, key+"."+strconv.FormatInt(k.At.UnixNano(), 10))
	}
	traceContext.Inject(ctx, propagation.HeaderCarrier(h))
}

// readHeaders does between processes what carry does inside one: the values come from
// the verified assertion and from the headers, and from nothing else of the request.
func readHeaders(h http.Header, a identity.Assertion) context.Context {
	ctx := identity.WithCaller(context.Background(), a.Caller)
	ctx = traceContext.Extract(ctx, propagation.HeaderCarrier(h))
	ctx = identity.NewContext(ctx, a.Principal)
	if a.RequestID != "" {
		ctx = callctx.WithRequestID(ctx, a.RequestID)
	}
	if k, ok := readIdempotency(h.Get(idempotencyHeader)); ok {
		ctx = callctx.WithIdempotency(ctx, k)
	}
	return ctx
}

func readIdempotency(value string) (callctx.Idempotency, bool) {
	encoded, at, _ := strings.Cut(value, ".")
	key, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	ns, errAt := strconv.ParseInt(at, 10, 64)
	if err != nil || errAt != nil || len(key) == 0 {
		return callctx.Idempotency{}, false
	}
	return callctx.Idempotency{Key: string(key), At: time.Unix(0, ns)}, true
}
