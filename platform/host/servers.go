package host

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"

	"app/platform/config"
	"app/platform/httpserver"
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

// swap is a handler that can be replaced while it serves: listeners answer before the modules are up.
type swap struct{ now atomic.Pointer[http.Handler] }

func (s *swap) set(h http.Handler) { s.now.Store(&h) }

// ServeHTTP implements http.Handler.
func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := s.now.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", "1")
	httpserver.WriteProblem(w, r, httpserver.NewProblem(http.StatusServiceUnavailable, "unavailable", "The process is starting."))
}

// listen takes all addresses and begins to answer: /live at once, everything else with 503 until it is there.
func (h *Host) listen(ctx context.Context) error {
	s := &h.servers
	s.failed = make(chan error, 3)
	metrics := httpserver.NewMetrics(h.registry)
	for _, l := range h.plan.Listens {
		server := h.server(l, metrics)
		if err := h.take(ctx, l, server); err != nil {
			return &SetupError{err}
		}
		switch l.role {
		case rolePublic:
			s.public = server
		case roleInternal:
			s.internal = server
		case roleBoth:
			s.public, s.internal = server, server
		case roleAdmin:
			s.admin = server
		}
		h.later("stop listening at "+l.Variable, server.Shutdown)
		go func() {
			if err := server.Serve(); err != nil {
				s.failed <- err
			}
		}()
	}
	return nil
}

// server makes the server of one address.
func (h *Host) server(l Listen, metrics *httpserver.Metrics) *httpserver.Server {
	server := &httpserver.Server{
		Name: l.role, Variable: l.Variable, Addr: l.Addr, Logger: h.logger, Drain: h.platform.ShutdownTimeout,
	}
	if l.role == roleAdmin {
		// A profile takes its time.
		server.WriteTimeout = -1
		server.Handler = h.adminHandler()
		return server
	}
	inner := http.Handler(&h.servers.publicHandler)
	if l.role != rolePublic {
		inner = &h.servers.internalHandler
	}
	server.Handler = httpserver.Observed{
		Handler: h.withHealth(telemetry.Traced(inner, l.role != rolePublic)), Logger: h.logger, Metrics: metrics, Now: h.options.Now,
		TrustRequestID: l.role != rolePublic,
	}
	return server
}

func (h *Host) adminHandler() http.Handler {
	return telemetry.Admin{
		Metrics: h.registry, Ready: http.HandlerFunc(h.serveReady), Live: http.HandlerFunc(h.serveLive),
		Modules: http.HandlerFunc(h.serveModules),
	}.Handler()
}

// withHealth answers /ready and /live before anything else.
func (h *Host) withHealth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case read && r.URL.Path == "/ready":
			h.serveReady(w, r)
		case read && r.URL.Path == "/live":
			h.serveLive(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// take listens at the address, or uses the listener that the options hold for it. An admin address that nobody asked
// for gives way to another process's.
func (h *Host) take(ctx context.Context, l Listen, server *httpserver.Server) error {
	if given := h.given(l.role); given != nil {
		server.Use(given)
		return nil
	}
	err := server.Listen(ctx)
	var busy *httpserver.ListenError
	if l.role == roleAdmin && l.Default && errors.As(err, &busy) && busy.InUse {
		server.Addr = "127.0.0.1:0"
		if err = server.Listen(ctx); err == nil {
			h.logger.Info("the usual admin address is in use: took a free one", "addr", server.Address())
		}
	}
	return err //nolint:wrapcheck // one clear line already
}

func (h *Host) given(role string) net.Listener {
	switch role {
	case rolePublic, roleBoth:
		return h.options.Listener
	case roleInternal:
		return h.options.Internal
	}
	return nil
}

// URL is the base address of the public API, or of the internal endpoint without the gateway, as seen from this
// machine; empty before the start.
func (h *Host) URL() string { return urlOf(h.servers.public) }

// InternalURL is the base address at which other processes reach the modules hosted here; empty when they cannot.
func (h *Host) InternalURL() string { return urlOf(h.servers.internal) }

// AdminURL is the base address of the admin listener, empty when there is none.
func (h *Host) AdminURL() string { return urlOf(h.servers.admin) }

func urlOf(s *httpserver.Server) string {
	if s == nil {
		return ""
	}
	return s.URL()
}

// Link is an address for people, for the banner.
type Link struct{ Title, URL string }

// Links are the addresses of a running process.
func (h *Host) Links() []Link {
	var out []Link
	if h.plan.hostsGateway() {
		base := h.publicURL()
		out = append(out, Link{"shop", base}, Link{"documentation", base + "/docs"})
		if h.devPages() {
			for _, r := range h.routes() {
				if op := r.Operation; op.Access == httpserver.Loopback && op.Method == http.MethodGet && op.Undocumented {
					out = append(out, Link{op.Summary, base + op.Path})
				}
			}
		}
	}
	if url := h.InternalURL(); url != "" && !h.options.ForceRPC {
		out = append(out, Link{"internal", url})
	}
	if url := h.AdminURL(); url != "" {
		out = append(out, Link{"metrics", url + "/metrics"}, Link{"profiles", url + "/debug/pprof/"})
	}
	return out
}

// publicURL is PUBLIC_URL, else where the public API listens.
func (h *Host) publicURL() string {
	if h.platform.PublicURL != "" {
		return h.platform.PublicURL
	}
	if url := h.URL(); url != "" && h.plan.hostsGateway() {
		return url
	}
	return "http://" + h.platform.HTTPAddr
}

// devPages tells whether the pages under /dev are served here.
func (h *Host) devPages() bool {
	addr := h.platform.HTTPAddr
	if h.servers.public != nil {
		addr = h.servers.public.Address()
	}
	return h.platform.ServesDevPages(addr)
}

// roles of a listener, as messages name them.
const (
	rolePublic   = "public"
	roleInternal = "internal"
	roleBoth     = "modules" // HTTP_ADDR of a process without the gateway
	roleAdmin    = "admin"
)

// Listen is an address that a process listens at.
type Listen struct {
	Variable string // such as "HTTP_ADDR"
	Addr     string
	Default  bool // nobody set the variable
	// Serves says what for.
	Serves string

	role string
}

// listens plans the addresses.
func (p *planner) listens() []Listen {
	base := Listen{Variable: "HTTP_ADDR", Addr: p.platform.HTTPAddr, Default: p.unset("HTTP_ADDR")}
	var out []Listen
	if p.plan.hostsGateway() {
		base.role, base.Serves = rolePublic, "the public API"
		inner := Listen{Variable: "INTERNAL_ADDR", Addr: p.platform.InternalAddr, role: roleInternal, Serves: "the modules hosted here, for other processes"}
		switch {
		case p.options.Internal != nil:
			inner.Addr = p.options.Internal.Addr().String()
		case p.options.ForceRPC && inner.Addr == "":
			inner.Addr = "127.0.0.1:0"
		}
		if out = append(out, base); inner.Addr != "" && inner.Addr != config.AddressOff {
			out = append(out, inner)
		}
	} else {
		base.role, base.Serves = roleBoth, "the modules hosted here, for other processes"
		out = append(out, base)
	}
	if p.platform.AdminAddr != config.AddressOff {
		out = append(out, Listen{Variable: "ADMIN_ADDR", Addr: p.platform.AdminAddr, Default: p.unset("ADMIN_ADDR"), role: roleAdmin, Serves: "metrics, profiles and module states"})
	}
	return out
}

func (p *planner) unset(name string) bool {
	value, err := p.environment.Get(name)
	return err == nil && value == ""
}
