package exchange

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"app/platform/callctx"
	"app/platform/httpheader"
	"app/platform/identity"
	"app/platform/text"
)

// passing are the request headers that cross to a module's handler whatever the
// operation.
var passing = []string{
	"Accept", "Accept-Language", "Content-Type", "Content-Encoding", "Content-Length", "If-Match", "If-None-Match", "Idempotency-Key",
	identity.GuestHeader, "User-Agent", ClientHeader, NetworkHeader,
}

// ClientHeader carries a hash of the client's address from the gateway to the module,
// so that guests without a credential have idempotency keys of their own. The gateway
// sets it; what a client sends is dropped there.
const ClientHeader = "Souk-Client"

// NetworkHeader carries the first part of the client's address from the gateway to the
// module: enough to tell somebody where a session was started from, too little to find
// anybody by. The gateway sets it, as it does ClientHeader.
const NetworkHeader = "Souk-Client-Network"

// clientOf reads what the module may know of the client.
func clientOf(r *http.Request) callctx.Client {
	return callctx.Client{
		Network: r.Header.Get(NetworkHeader), Mark: r.Header.Get(ClientHeader),
		Agent: text.Valid(r.Header.Get("User-Agent")), Accepts: text.Valid(httpheader.Value(r.Header, "Accept-Language")),
	}
}

// Passes reports whether a request header may cross to a module's handler, because all
// may have it or because it is among those that the operation names: the one rule for
// the gateway's proxy and for handlers in the same process.
func Passes(header string, named []string) bool {
	name := http.CanonicalHeaderKey(header)
	return slices.Contains(passing, name) || slices.ContainsFunc(named, func(h string) bool {
		return http.CanonicalHeaderKey(h) == name
	})
}

// Fence calls next with a fresh context, in which only deadline, cancellation,
// principal, calling module, request id, client and trace are left of the old one, and
// without headers other than the usual ones and those named. Operations of an API are
// fenced already; this is for handlers served beside them.
func Fence(next http.Handler, headers ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := Isolate(r, -1)
		defer cancel()
		next.ServeHTTP(w, Cross(ctx, r, headers))
	})
}

// Cross copies the request for a handler that reads it itself, with the context of
// Isolate and without headers other than the usual ones and those named.
func Cross(ctx context.Context, r *http.Request, headers []string) *http.Request {
	inner := r.WithContext(ctx)
	inner.Header = make(http.Header, len(r.Header))
	for name, values := range r.Header {
		if Passes(name, headers) {
			inner.Header[name] = slices.Clone(values)
		}
	}
	return inner
}

// Isolate makes the context a handler runs in, bounded by the timeout when that is
// positive; call the function when the handler is done. It is built on Background from
// what may cross, instead of hiding the rest of the old one, so that children of it
// cost no goroutine each.
func Isolate(r *http.Request, timeout time.Duration) (context.Context, context.CancelFunc) {
	outer := r.Context()
	ctx := callctx.WithRequestID(identity.Carry(context.Background(), outer), callctx.RequestID(outer))
	ctx = callctx.WithClient(ctx, clientOf(r))
	if caller := identity.Caller(outer); caller != "" {
		ctx = identity.WithCaller(ctx, caller)
	}
	if span := trace.SpanFromContext(outer); span.SpanContext().IsValid() {
		ctx = trace.ContextWithSpan(ctx, span)
	}
	ctx, cancel := withEarlierDeadline(ctx, outer, timeout)
	stop := context.AfterFunc(outer, func() {
		if !errors.Is(outer.Err(), context.DeadlineExceeded) { // its own timer reports that, as what it is
			cancel()
		}
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

func withEarlierDeadline(ctx, outer context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := outer.Deadline()
	if timeout > 0 {
		if own := time.Now().Add(timeout); !ok || own.Before(deadline) {
			deadline, ok = own, true
		}
	}
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline)
}
