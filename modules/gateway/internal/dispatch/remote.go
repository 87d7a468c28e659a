// Package dispatch hands a request to the process that hosts its module.
package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"app/modules/gateway/internal/reason"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/problem"
)

const (
	dialTimeout  = time.Second
	idleTimeout  = 60 * time.Second // below the 75 s after which a module closes a connection it finds idle
	idlePerHost  = 256
	maxInFlight  = 512 // requests to one module at a time: more wait nowhere, they are told to come back
	retryAfter   = time.Second
	copyBuffer   = 32 << 10
	headerBudget = 64 << 10
)

// requestIDHeader carries the request id to the module; it is believed only beside a
// valid assertion.
const requestIDHeader = "X-Request-Id"

// Remote proxies requests to the process that hosts a module. Safe for concurrent use.
type Remote struct {
	module  string
	proxy   *httputil.ReverseProxy
	slots   chan struct{}
	breaker circuitbreaker.CircuitBreaker[any]
	logger  *slog.Logger
}

// NewTransport makes the transport shared by all remotes of a gateway: connections are
// kept, sized for the load, and nothing is retried or compressed on the way.
func NewTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		DisableCompression:     true,
		MaxResponseHeaderBytes: headerBudget,
	}
}

// NewRemote makes the proxy to the module at a base URL.
func NewRemote(module string, base *url.URL, transport http.RoundTripper, signer *identity.Signer, logger *slog.Logger) *Remote {
	d := &Remote{module: module, slots: make(chan struct{}, maxInFlight), breaker: newBreaker(module, logger), logger: logger}
	d.proxy = &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { rewriteRequest(r, base) },
		ModifyResponse: modifyResponse,
		Transport:      &vouching{module: module, signer: signer, next: transport},
		BufferPool:     buffers,
		ErrorHandler:   d.handleProxyError,
		ErrorLog:       slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	return d
}

// outgoing is what forward needs and a proxy hands on through the request's context.
type outgoing struct {
	op     *operation.Operation
	module string
	reply  http.Header // what the gateway has said so far
	sign   *sign       // what the request says about the module
	body   []byte      // of the client's request
}

type outgoingKey struct{}

// ServeHTTP proxies one request for the operation. The principal and the request id are
// those of the context; nothing else of the client's headers goes along than what the
// operation passes.
func (d *Remote) ServeHTTP(w http.ResponseWriter, r *http.Request, op *operation.Operation) {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	default:
		busy := reason.ModuleBusy.New()
		busy.RetryAfter = retryAfter
		problem.Write(w, r, busy)
		return
	}
	body, err := readWholeBody(r)
	if err != nil { // it is the client's request that broke off
		problem.Write(w, r, err)
		return
	}
	if !d.breaker.TryAcquirePermit() {
		problem.Write(w, r, moduleDownError())
		return
	}
	seen := none
	defer func() { d.recordBreakerResult(seen) }()
	with := outgoing{op: op, module: d.module, reply: w.Header(), sign: &seen, body: body}
	r = r.WithContext(context.WithValue(r.Context(), outgoingKey{}, &with))
	setRequestBody(r, body)
	d.proxy.ServeHTTP(w, r)
}

// moduleDownError is the problem on a request that no module has seen.
func moduleDownError() *fault.Error {
	v := fault.New(fault.Unavailable, "module_down", "This part of the shop is down at the moment.")
	v.RetryAfter = retryAfter
	return v
}

// rewriteRequest writes the outgoing request: the very path that was authorised, and
// only what may cross.
func rewriteRequest(r *httputil.ProxyRequest, base *url.URL) {
	with, _ := r.In.Context().Value(outgoingKey{}).(*outgoing)
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = base.Scheme, base.Host, base.Host
	r.Out.URL.RawQuery = r.In.URL.RawQuery // the module refuses what it cannot parse, as it does in one process
	for name := range r.Out.Header {
		if !with.op.Passes(name) {
			delete(r.Out.Header, name)
		}
	}
	words := []string{with.module, callctx.RequestID(r.In.Context())}
	r.Out.Header[identity.AudienceHeader], r.Out.Header[requestIDHeader] = words[:1:1], words[1:]
	if r.In.Header.Get("User-Agent") == "" {
		r.Out.Header["User-Agent"] = nil // or the transport would sign as itself
	}
}

// modifyResponse notes that the module is there, and makes what the module says in a
// header take the place of what the gateway has preset there, as it does where a
// handler in this process writes the reply. The proxy alone would send both, and of two
// policies for a page a browser keeps the narrower.
func modifyResponse(reply *http.Response) error {
	if err := problem.Whole(reply); err != nil {
		return err //nolint:wrapcheck // for failed, to whom it is a module that broke off
	}
	with, _ := reply.Request.Context().Value(outgoingKey{}).(*outgoing)
	*with.sign = good
	for name := range reply.Header {
		if name != "Vary" { // whose values add up
			delete(with.reply, name)
		}
	}
	return nil
}

// handleProxyError answers for a module that gave no answer.
func (d *Remote) handleProxyError(w http.ResponseWriter, r *http.Request, err error) {
	with, _ := r.Context().Value(outgoingKey{}).(*outgoing)
	var answer *fault.Error
	var dial *net.OpError
	switch {
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		answer = fault.New(fault.Canceled, "canceled", "")
	case errors.As(err, &dial) && dial.Op == "dial": // before the deadline: a time-out of the dialer's looks like one
		answer = moduleDownError()
	case errors.Is(err, context.DeadlineExceeded):
		answer = fault.New(fault.DeadlineExceeded, "deadline_exceeded", "")
	default: // it was reached and broke off: what it did is not known
		answer = reason.ModuleGone.New()
	}
	if answer.Code != fault.Canceled {
		*with.sign = bad
	}
	answer.RetryAfter = retryAfter
	d.logger.WarnContext(r.Context(), "module did not answer", "module", d.module, "reason", answer.Reason, "error", err)
	problem.Write(w, r, answer.Because(err))
}

// bufferPool lends the buffers that bodies are copied through.
type bufferPool struct{ pool sync.Pool }

var buffers = &bufferPool{}

// Get implements httputil.BufferPool.
func (p *bufferPool) Get() []byte {
	if b, ok := p.pool.Get().(*[copyBuffer]byte); ok {
		return b[:]
	}
	return make([]byte, copyBuffer)
}

// Put implements httputil.BufferPool.
func (p *bufferPool) Put(b []byte) { p.pool.Put((*[copyBuffer]byte)(b)) }
