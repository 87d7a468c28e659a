// Package gateway is the only part of the shop that the outside sees: it decides what a request is for, who makes it and
// whether it may, and hands it to the module concerned, in this process or in another.
package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"app/modules/gateway/internal/authn"
	"app/modules/gateway/internal/dispatch"
	"app/modules/gateway/internal/edge"
	"app/modules/gateway/internal/limit"
	"app/modules/gateway/internal/pages"
	"app/modules/users/usersv1"
	"app/platform/host"
	"app/platform/httpserver"
	"app/platform/identity"
	"app/platform/identity/token"
	"app/platform/rpc"
)

// Module is the gateway.
type Module struct {
	cfg     Config
	users   usersv1.UsersClient
	pages   pages.Pages
	gateway *edge.Gateway
	shared  *limit.Shared // nil where the process counts alone
}

// New makes the module, not yet open.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "gateway" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.cfg }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency { return []rpc.Dependency{usersv1.NeedUsers(&m.users)} }

// Operations implements host.Publisher.
func (m *Module) Operations(api *httpserver.API) { m.pages.Register(api) }

// Handler implements host.Gateway.
func (m *Module) Handler() http.Handler { return m.gateway }

// Open implements host.Opener.
func (m *Module) Open(_ context.Context, env host.Env) error {
	m.pages.OpenAPI, m.pages.Problems = env.OpenAPI, httpserver.ProblemsPage(env.APIs...)
	verifier := token.NewVerifier(token.NewKeys(m.keys, env.Now), env.Now)
	verified := authn.New(func(ctx context.Context, raw string) (identity.Principal, time.Time, error) {
		claims, err := verifier.Verify(ctx, raw)
		return claims.Principal(), claims.Expires, err
	}, env.Now, m.cfg.Tokens)
	m.gateway = &edge.Gateway{Proxies: env.Config.TrustedProxies, Authenticate: verified.Principal, DevPages: env.DevPages}
	var err error
	if m.gateway.Table, err = table(env); err != nil {
		return err
	}
	if env.Config.RateLimit == "off" {
		return nil
	}
	if m.cfg.RedisURL != "" {
		m.shared, err = limit.NewShared(m.cfg.RedisURL, limit.Patience, env.Logger, env.Metrics)
	}
	m.gateway.Limiter = limit.New(limit.Options{Quotas: m.quotas(), Keys: m.cfg.Keys, Now: env.Now, Shared: m.shared})
	return err
}

// Stop implements lifecycle.Stopper.
func (m *Module) Stop(context.Context) error {
	if m.shared == nil {
		return nil
	}
	return m.shared.Close()
}

func (m *Module) keys(ctx context.Context) ([]byte, error) {
	reply, err := m.users.Keys(ctx, &usersv1.KeysRequest{})
	return reply.GetJwks(), err
}

func (m *Module) quotas() limit.Quotas {
	return limit.Quotas{
		httpserver.RateDefault: m.cfg.Default, httpserver.RateAuth: m.cfg.Auth,
		httpserver.RateCheckout: m.cfg.Checkout, httpserver.RateWebhook: m.cfg.Webhook,
	}
}

// table compiles the routes of all modules: served here where the module is, proxied where it is elsewhere.
func table(env host.Env) (*edge.Table, error) {
	transport := dispatch.NewTransport()
	remotes := map[string]*dispatch.Remote{}
	var entries []*edge.Entry
	for _, route := range env.Routes {
		e := &edge.Entry{Module: route.Module, Operation: route.Operation}
		entries = append(entries, e)
		if local := route.Local; local != nil {
			e.Serve = func(w http.ResponseWriter, r *http.Request, _ httpserver.Operation) { local.ServeHTTP(w, r) }
			continue
		}
		if remotes[route.Module] == nil {
			base, err := url.Parse(route.URL)
			if err != nil {
				return nil, fmt.Errorf("address of %s: %w", route.Module, err)
			}
			remotes[route.Module] = dispatch.NewRemote(route.Module, base, transport, env.Signer, env.Logger)
		}
		e.Serve = remotes[route.Module].ServeHTTP
	}
	return edge.NewTable(entries), nil
}
