// Package gateway is the only part of the shop that the outside sees: it decides what a
// request is for, who makes it and whether it may, and hands it to the module
// concerned, in this process or in another.
package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"

	"app/modules/gateway/internal/authn"
	"app/modules/gateway/internal/dispatch"
	"app/modules/gateway/internal/edge"
	"app/modules/gateway/internal/limit"
	"app/modules/gateway/internal/pages"
	"app/modules/users/usersv1"
	"app/platform/host"
	"app/platform/lifecycle"
	"app/platform/operation"
	"app/platform/rpc"
)

// Module is the gateway.
type Module struct {
	cfg     Config
	users   usersv1.UsersClient
	pages   pages.Pages
	gateway *edge.Gateway

	revoked *authn.Revoked
	workers []*lifecycle.Worker
	silent  atomic.Bool // users has not answered the follower lately
	logger  *slog.Logger
	shared  *limit.Shared // nil where the process counts alone
}

// New makes the module, not yet open.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "gateway" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.cfg }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency {
	return []rpc.Dependency{usersv1.NeedUsers(&m.users).Only("Keys", "Session", "APIKey", "Revocations")}
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) { m.pages.Register(api) }

// Handler implements host.Gateway.
func (m *Module) Handler() http.Handler { return m.gateway }

// Open implements host.Opener.
func (m *Module) Open(ctx context.Context, env host.Env) error {
	m.logger = env.Logger
	m.pages.OpenAPI, m.pages.Problems = env.OpenAPI, operation.ProblemsPage(env.APIs...)
	m.gateway = &edge.Gateway{
		Proxies: env.Config.TrustedProxies, DevPages: env.DevPages, DevPagesForAll: env.Config.DevPages == "on", Authenticator: m.newAuthenticator(env), Settle: m.awaitRevocations,
		Logger: env.Logger,
	}
	var err error
	if m.gateway.Origins, err = trustPublicOrigin(env.Config.PublicURL); err != nil {
		return err
	}
	if plainPublic(env.Config.PublicURL) {
		env.Logger.WarnContext(ctx, "PUBLIC_URL is plain http: browsers do not keep the cookie of a session there; tokens work")
	}
	m.workers = []*lifecycle.Worker{lifecycle.NewWorker("gateway.revocations", m.cfg.Follow, env.Logger, m.followRevocations)}
	if m.gateway.Table, err = compileRouteTable(env); err != nil {
		return err
	}
	return m.configureDefences(env)
}

// Workers implements lifecycle.WorkerOwner.
func (m *Module) Workers() []*lifecycle.Worker { return m.workers }

// Stop implements lifecycle.Stopper.
func (m *Module) Stop(context.Context) error {
	if m.shared == nil {
		return nil
	}
	return m.shared.Close()
}

// compileRouteTable compiles the routes of all modules: served here where the module
// is, proxied where it is elsewhere.
func compileRouteTable(env host.Env) (*edge.Table, error) {
	transport := dispatch.NewTransport()
	remotes := map[string]*dispatch.Remote{}
	var entries []*edge.Entry
	for _, route := range env.Routes {
		e := &edge.Entry{Module: route.Module, Operation: route.Operation}
		entries = append(entries, e)
		if local := route.Local; local != nil {
			e.Serve = func(w http.ResponseWriter, r *http.Request, _ *operation.Operation) { local.ServeHTTP(w, r) }
			continue
		}
		if remotes[route.Module] == nil {
			base, err := url.Parse(route.URL)
			if err != nil {
				return nil, fmt.Errorf("address of %s: %w", route.Module, err)
			}
			remotes[route.Module] = dispatch.NewRemote(route.Module, base, transport, env.Signer, env.Logger)
		}
		e.Remote, e.Serve = true, remotes[route.Module].ServeHTTP
	}
	return edge.NewTable(entries), nil
}
