package host

import (
	"context"
	"net/http"
	"strings"

	"app/platform/callctx"
	"app/platform/httpserver"
	"app/platform/identity"
	"app/platform/rpc"
)

// internalEndpoint serves the modules hosted here to the other processes of the shop: their contracts and the
// delivery of events under rpc.Prefix, and their public operations to the gateway's proxy. It refuses whoever has no
// valid assertion for the module.
func (h *Host) internalEndpoint() http.Handler {
	services := h.deliveries()
	for _, m := range h.hosted {
		services = append(services, h.services(m)...)
	}
	calls := h.runtime.Handler(services...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := h.find(r.Header.Get(identity.AudienceHeader))
		isCall := strings.HasPrefix(r.URL.Path, rpc.Prefix)
		switch {
		case m != nil && !open(&m.gate):
			w.Header().Set("Retry-After", "1")
			httpserver.WriteProblem(w, r, httpserver.NewProblem(http.StatusServiceUnavailable, "module_down", "The module is starting or stopping."))
		case isCall:
			calls.ServeHTTP(w, r) // checks the assertion itself
		default:
			h.serveOperation(w, r, m)
		}
	})
}

// answer lets other processes reach the modules as soon as each is open.
func (h *Host) answer(context.Context) error {
	if h.servers.internal != nil {
		h.servers.internalHandler.set(h.internalEndpoint())
	}
	return nil
}

func open(g *httpserver.Gate) bool {
	ok, _ := g.Ready()
	return ok
}

// serveOperation serves a public operation that the gateway of another process passes on.
func (h *Host) serveOperation(w http.ResponseWriter, r *http.Request, m *hosted) {
	assertion, err := h.signer.Verify(r.Header.Get(identity.AssertionHeader), r.Header.Get(identity.AudienceHeader))
	if err != nil {
		h.logger.WarnContext(r.Context(), "request refused", "path", r.URL.Path, "reason", err)
		httpserver.WriteProblem(w, r, httpserver.NewProblem(http.StatusUnauthorized, "unauthenticated", "This address serves the processes of the shop only."))
		return
	}
	if m == nil || m.api == nil {
		httpserver.WriteProblem(w, r, httpserver.NewProblem(http.StatusNotFound, "route_not_found", "The module is not served here."))
		return
	}
	ctx := identity.WithCaller(identity.NewContext(r.Context(), assertion.Principal), assertion.Caller)
	if assertion.RequestID != "" {
		ctx = callctx.WithRequestID(ctx, assertion.RequestID)
	}
	h.linked(assertion.Caller, m.module.Name(), m.api.Handler()).ServeHTTP(w, r.WithContext(ctx))
}
