package host

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"

	"app/platform/config"
	"app/platform/host/internal/health"
	"app/platform/host/plan"
	"app/platform/host/setup"
	"app/platform/httpheader"
	"app/platform/httpserver"
	"app/platform/problem"
	"app/platform/telemetry"
)

// servers are the listeners of a process; nil where it does not listen.
type servers struct {
	public   *httpserver.Server // HTTP_ADDR
	internal *httpserver.Server // INTERNAL_ADDR, or HTTP_ADDR without the gateway: then the same as public
	admin    *httpserver.Server // ADMIN_ADDR

	publicHandler, internalHandler swap
	// failed gets the error of a listener that ended by itself.
	failed chan error
}

// swap is a handler that can be replaced while it serves: listeners answer before the
// modules are up.
type swap struct{ now atomic.Pointer[http.Handler] }

func (s *swap) setHandler(h http.Handler) { s.now.Store(&h) }

// ServeHTTP implements http.Handler.
func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := s.now.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", "1")
	problem.Write(w, r, problem.New(http.StatusServiceUnavailable, "unavailable", "The process is starting."))
}

// listenAll takes all addresses and begins to answer: /live at once, everything else
// with 503 until it is there.
func (h *Host) listenAll(ctx context.Context) error {
	s := &h.servers
	s.failed = make(chan error, 3)
	metrics := httpserver.NewMetrics(h.registry)
	for _, l := range h.plan.Listens {
		server := h.newServer(l, metrics)
		if err := h.bindListener(ctx, l, server); err != nil {
			return setup.Join(err)
		}
		switch l.Role {
		case plan.Public:
			s.public = server
		case plan.Internal:
			s.internal = server
		case plan.Modules:
			s.public, s.internal = server, server
		case plan.Admin:
			s.admin = server
		}
		h.onShutdown("stop listening at "+l.Variable, server.Shutdown)
		go func() {
			if err := server.Serve(); err != nil {
				s.failed <- err
			}
		}()
	}
	return nil
}

// newServer makes the server of one address.
func (h *Host) newServer(l plan.Listen, metrics *httpserver.Metrics) *httpserver.Server {
	server := &httpserver.Server{
		Name: string(l.Role), Variable: l.Variable, Addr: l.Addr, Logger: h.logger, Drain: h.platform.ShutdownTimeout,
	}
	if l.Role == plan.Admin {
		// A profile takes its time.
		server.WriteTimeout = -1
		server.Handler = onLoopbackOnly(config.Loopback(l.Addr), h.adminHandler())
		return server
	}
	inner := http.Handler(&h.servers.publicHandler)
	switch l.Role {
	case plan.Public:
		server.Headers = httpheader.SecurityHeaders(h.platform.Secure())
		server.MaxConnections, server.Trusted = h.platform.MaxConnections, h.platform.TrustedProxies
		if h.platform.RateLimit != "off" {
			server.MaxPerNetwork = h.platform.MaxConnectionsNetwork
		}
	default:
		server.MaxAge = h.platform.ConnectionAge
		inner = &h.servers.internalHandler
	}
	server.Handler = h.health().Before(httpserver.Observed{
		Handler: telemetry.Traced(inner, l.Role != plan.Public, h.tracerProvider() != nil), Logger: h.logger, Metrics: metrics, Now: h.options.Now,
		TrustRequestID: l.Role != plan.Public,
	})
	return server
}

// onLoopbackOnly keeps everything out that a proxy on this machine or a page of
// somebody else's brings to a listener that is for this machine. A listener for others
// is on a network of the operator's own.
func onLoopbackOnly(private bool, next http.Handler) http.Handler {
	if !private {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !httpserver.OnLoopback(r) {
			problem.Write(w, r, problem.New(http.StatusForbidden, "forbidden", "This is for people at this machine."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *Host) adminHandler() http.Handler {
	e := h.health()
	return telemetry.Admin{
		Metrics: h.registry, Ready: http.HandlerFunc(e.Reasons), Live: http.HandlerFunc(e.Live), Modules: http.HandlerFunc(e.Modules),
	}.Handler()
}

func (h *Host) health() health.Endpoints {
	return health.Endpoints{Gate: &h.gate, Supervisor: h.supervisor, Plan: h.plan}
}

// bindListener listens at the address, or uses the listener that the options hold for
// it. An admin address that nobody asked for gives way to another process's.
func (h *Host) bindListener(ctx context.Context, l plan.Listen, server *httpserver.Server) error {
	if given := h.configuredListener(l.Role); given != nil {
		server.Use(given)
		return nil
	}
	err := server.Listen(ctx)
	var busy *httpserver.ListenError
	if l.Role == plan.Admin && l.Default && errors.As(err, &busy) && busy.InUse {
		server.Addr = "127.0.0.1:0"
		if err = server.Listen(ctx); err == nil {
			h.logger.InfoContext(ctx, "the usual admin address is in use: took a free one", "addr", server.Address())
		}
	}
	return err
}

func (h *Host) configuredListener(role plan.Role) net.Listener {
	switch role {
	case plan.Public, plan.Modules:
		return h.options.Listener
	case plan.Internal:
		return h.options.Internal
	}
	return nil
}
