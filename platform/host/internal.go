package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"app/platform/callctx"
	"app/platform/httpserver"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/problem"
	"app/platform/rpc"
)

// internalEndpoint serves the modules hosted here to the other processes of the shop:
// their contracts and the delivery of events under rpc.Prefix, and their public
// operations to the gateway's proxy. It refuses whoever has no valid assertion for the
// module.
func (h *Host) internalEndpoint() http.Handler {
	services := h.deliveryServices()
	for _, m := range h.hosted {
		services = append(services, h.calleeServices(m)...)
	}
	calls := h.runtime.Handler(services...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := h.hostedModule(r.Header.Get(identity.AudienceHeader))
		isCall := strings.HasPrefix(r.URL.Path, rpc.Prefix)
		switch {
		case m != nil && !isGateReady(&m.gate):
			w.Header().Set("Retry-After", "1")
			problem.Write(w, r, problem.New(http.StatusServiceUnavailable, "module_down", "The module is starting or stopping."))
		case isCall:
			calls.ServeHTTP(w, r) // checks the assertion itself
		default:
			h.serveOperation(w, r, m)
		}
	})
}

// serveInternalAPI lets other processes reach the modules as soon as each is open.
func (h *Host) serveInternalAPI(context.Context) error {
	if h.servers.internal != nil {
		h.servers.internalHandler.setHandler(h.internalEndpoint())
	}
	return nil
}

func isGateReady(g *httpserver.Gate) bool {
	ok, _ := g.Ready()
	return ok
}

// serveOperation serves a public operation that the gateway of another process passes
// on.
func (h *Host) serveOperation(w http.ResponseWriter, r *http.Request, m *hosted) {
	assertion, err := h.vouchedFor(w, r)
	if err != nil {
		h.rejectAssertion(w, r, err)
		return
	}
	if m == nil || m.api == nil {
		problem.Write(w, r, problem.New(http.StatusNotFound, "route_not_found", "The module is not served here."))
		return
	}
	ctx := identity.WithCaller(identity.NewContext(r.Context(), assertion.Principal), assertion.Caller)
	if assertion.RequestID != "" {
		ctx = callctx.WithRequestID(ctx, assertion.RequestID)
	}
	h.withSimulatedLink(assertion.Caller, m.module.Name(), m.api.Handler()).ServeHTTP(w, r.WithContext(ctx))
}

// maxPassedOn bounds the body of a request that the gateway passes on. The operations
// have lower bounds of their own.
const maxPassedOn = rpc.MaxMessage

// errNotTheGateway is a module that has no business with public operations.
var errNotTheGateway = fmt.Errorf("%w: public operations are asked for by the gateway only", identity.ErrAssertion)

// vouchedFor checks that the gateway vouches for this very request, for the first time,
// and leaves its body to be read again.
func (h *Host) vouchedFor(w http.ResponseWriter, r *http.Request) (identity.Assertion, error) {
	a, err := h.signer.Read(r.Header.Get(identity.AssertionHeader), r.Header.Get(identity.AudienceHeader))
	if err != nil {
		return a, err
	}
	if a.Caller != h.plan.Gateway() {
		return a, errNotTheGateway
	}
	var body []byte
	if r.ContentLength != 0 {
		r.Body = http.MaxBytesReader(w, r.Body, maxPassedOn)
		if body, err = operation.ReadBody(r); err != nil {
			return a, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return a, h.signer.Accept(a, identity.Request{Method: r.Method, Target: r.RequestURI, Header: r.Header, Body: body})
}

// rejectAssertion answers a request that reaches no module.
func (h *Host) rejectAssertion(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, identity.ErrAssertion) { // what is wrong with the body
		problem.Write(w, r, err)
		return
	}
	if errors.Is(err, identity.ErrUsed) {
		w.Header().Set(identity.AssertionHeader, identity.AssertionUsed)
	}
	h.logger.WarnContext(r.Context(), "request refused", "path", r.URL.Path, "reason", err)
	problem.Write(w, r, problem.New(http.StatusUnauthorized, "unauthenticated", "This address serves the processes of the shop only."))
}
