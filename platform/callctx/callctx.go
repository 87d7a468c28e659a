// Package callctx holds the few context values that cross from one module to another:
// the request id, the idempotency key, and (in package identity) the principal.
// Whatever else a context carries stays behind the fence. It also marks a context that
// runs inside a database transaction, so that no module is called from there.
package callctx

import (
	"context"
	"time"

	"golang.org/x/text/language"
)

// RequestIDHeader carries the request id of a request to the processes of the house and
// back to whoever sent it.
const RequestIDHeader = "X-Request-Id"

type (
	requestKey     struct{}
	idempotencyKey struct{}
	transactionKey struct{}
	clientKey      struct{}
)

// Client is what a module may know of the machine that a public request came from.
type Client struct {
	Network string // the first part of its address: 203.0.113.0/24 or 2001:db8:1::/48; empty when it is not known
	// Mark stands for the client where a limit counts it: a hash of its IPv4 address or
	// of its IPv6 /64, of which one customer has at least one whole. Empty when it is
	// not known.
	Mark    string
	Agent   string // the header User-Agent, as it was sent
	Accepts string // the header Accept-Language, as it was sent
}

// maxAccepts bounds what is read of Accept-Language; a browser's is shorter.
const maxAccepts = 200

// MaxLocale is how long the tag of a language may be (RFC 5646 section 4.4.1).
const MaxLocale = 35

// Locale is the language that the client would rather have than any other, as a BCP 47
// tag such as "de-AT"; empty where it does not say, or not so that it can be read.
func (c Client) Locale() string {
	if c.Accepts == "" || len(c.Accepts) > maxAccepts {
		return ""
	}
	tags, _, err := language.ParseAcceptLanguage(c.Accepts)
	if err != nil || len(tags) == 0 {
		return ""
	}
	locale := tags[0].String()
	if locale == "und" || locale == "mul" || len(locale) > MaxLocale { // none, or any
		return ""
	}
	return locale
}

// WithClient returns a context that knows the client. It stays with the module that
// answers the request: Carry leaves it out.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientOf reads the client; the zero Client outside a public request.
func ClientOf(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}

// Idempotency is the key of the request being served, scoped by principal and route,
// and the time of its first arrival: together they let a repeated request make the same
// ids.
type Idempotency struct {
	Key string
	At  time.Time
}

// WithRequestID returns a context that carries the request id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID reads the request id, empty when there is none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// WithIdempotency returns a context that carries the key of the request. The time loses
// its zone and its monotonic reading, as it would between processes.
func WithIdempotency(ctx context.Context, k Idempotency) context.Context {
	k.At = time.Unix(0, k.At.UnixNano()).UTC()
	return context.WithValue(ctx, idempotencyKey{}, k)
}

// IdempotencyOf reads the key of the request; ok is false when the caller sent none.
func IdempotencyOf(ctx context.Context) (k Idempotency, ok bool) {
	k, ok = ctx.Value(idempotencyKey{}).(Idempotency)
	return k, ok && k.Key != ""
}

// WithTransaction marks a context as running inside a transaction of the named module's
// database.
func WithTransaction(ctx context.Context, module string) context.Context {
	return context.WithValue(ctx, transactionKey{}, module)
}

// Transaction names the module whose transaction the context runs in, empty when none
// is open.
func Transaction(ctx context.Context) string {
	module, _ := ctx.Value(transactionKey{}).(string)
	return module
}

// Carry adds to one context what this package has in the other and what may cross: the
// request id and the idempotency key, but not the mark of a transaction.
func Carry(to, from context.Context) context.Context {
	if id := from.Value(requestKey{}); id != nil {
		to = context.WithValue(to, requestKey{}, id)
	}
	if key := from.Value(idempotencyKey{}); key != nil {
		to = context.WithValue(to, idempotencyKey{}, key)
	}
	return to
}
