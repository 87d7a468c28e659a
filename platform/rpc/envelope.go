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

// Headers of a call between processes. The idempotency key does not travel as Idempotency-Key: net/http takes a
// request with that header for one it may send twice.
const (
	moduleHeader      = "Souk-Module"
	contractHeader    = "Souk-Contract"
	idempotencyHeader = "Souk-Idempotency"
)

// envelope is all that crosses with a call beside the message: the deadline travels with the waiting context.
type envelope struct {
	caller      string
	principal   identity.Principal
	requestID   string
	idempotency callctx.Idempotency
	span        trace.SpanContext
	remote      bool
}

// envelopeOf takes from the caller's context what may cross.
func envelopeOf(ctx context.Context, caller string) envelope {
	e := envelope{
		caller:    caller,
		principal: identity.FromContext(ctx),
		requestID: callctx.RequestID(ctx),
		span:      trace.SpanContextFromContext(ctx),
	}
	if key, ok := callctx.IdempotencyOf(ctx); ok {
		e.idempotency = key
	}
	return e
}

// context makes the callee's context from nothing but the envelope. It ends at the deadline of the wait, or after
// the default time, or when cancelled: the guard cancels it when the callee has answered or nobody waits any more.
func (e envelope) context(wait context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx := identity.WithCaller(context.Background(), e.caller)
	if !anonymous(e.principal) {
		e.principal.Scopes = append([]string(nil), e.principal.Scopes...)
		ctx = identity.NewContext(ctx, e.principal)
	}
	if e.requestID != "" {
		ctx = callctx.WithRequestID(ctx, e.requestID)
	}
	if e.idempotency.Key != "" {
		// The form that a time has after its journey: without zone and monotonic clock.
		e.idempotency.At = time.Unix(0, e.idempotency.At.UnixNano()).UTC()
		ctx = callctx.WithIdempotency(ctx, e.idempotency)
	}
	if e.span.IsValid() {
		if e.remote {
			ctx = trace.ContextWithRemoteSpanContext(ctx, e.span)
		} else {
			ctx = trace.ContextWithSpanContext(ctx, e.span)
		}
	}
	if deadline, ok := wait.Deadline(); ok {
		return context.WithDeadline(ctx, deadline)
	}
	return context.WithTimeout(ctx, timeout)
}

func anonymous(p identity.Principal) bool {
	return p.UserID == "" && p.Merchant == "" && p.Method == "" && p.SessionID == "" && !p.Admin && len(p.Scopes) == 0
}

// traceContext carries the span context in W3C headers (traceparent, tracestate).
var traceContext propagation.TraceContext

// write puts into headers what the assertion does not carry.
func (e envelope) write(h http.Header) {
	if e.idempotency.Key != "" {
		key := base64.RawURLEncoding.EncodeToString([]byte(e.idempotency.Key))
		h.Set(idempotencyHeader, key+"."+strconv.FormatInt(e.idempotency.At.UnixNano(), 10))
	}
	if e.span.IsValid() {
		ctx := trace.ContextWithSpanContext(context.Background(), e.span)
		traceContext.Inject(ctx, propagation.HeaderCarrier(h))
	}
}

// readEnvelope is the other end of write, with the verified assertion.
func readEnvelope(h http.Header, a identity.Assertion) envelope {
	ctx := traceContext.Extract(context.Background(), propagation.HeaderCarrier(h))
	return envelope{
		caller:      a.Caller,
		principal:   a.Principal,
		requestID:   a.RequestID,
		idempotency: readIdempotency(h.Get(idempotencyHeader)),
		span:        trace.SpanContextFromContext(ctx),
		remote:      true,
	}
}

func readIdempotency(value string) callctx.Idempotency {
	encoded, at, _ := strings.Cut(value, ".")
	key, err := base64.RawURLEncoding.DecodeString(encoded)
	ns, errAt := strconv.ParseInt(at, 10, 64)
	if err != nil || errAt != nil {
		return callctx.Idempotency{}
	}
	return callctx.Idempotency{Key: string(key), At: time.Unix(0, ns)}
}
