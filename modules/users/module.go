// Package users keeps accounts: who somebody is, how they prove it, and how long they
// stay signed in.
package users

import (
	"context"
	"io/fs"
	"runtime/debug"

	"google.golang.org/protobuf/proto"

	"app/modules/users/internal/passwords"
	"app/modules/users/internal/subjects"
	"app/modules/users/migrations"
	"app/modules/users/usersevents"
	"app/modules/users/usersv1"
	"app/platform/host"
	"app/platform/lifecycle"
	"app/platform/operation"
	"app/platform/rpc"
)

// Module is users in one process.
type Module struct {
	config   Config
	subjects *subjects.Set
	handlers subjects.Handlers
	workers  []*lifecycle.Worker
}

// New makes the module, not opened.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (m *Module) Name() string { return "users" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.config }

// Migrations implements host.DatabaseOwner.
func (m *Module) Migrations() fs.FS { return migrations.Files }

// Serves implements host.Callee.
func (m *Module) Serves() []rpc.Service {
	return []rpc.Service{usersv1.ServeUsers(func() usersv1.UsersHandler { return m.subjects.Contract() })}
}

// Emits implements host.Emitter.
func (m *Module) Emits() []proto.Message {
	return []proto.Message{
		&usersevents.Registered{}, &usersevents.CodeIssued{}, &usersevents.AlreadyRegistered{}, &usersevents.PasswordChanged{},
		&usersevents.NoAccount{}, &usersevents.EmailChanged{}, &usersevents.CredentialsChanged{}, &usersevents.SignedInAnew{},
	}
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	subjects.Register(api, &m.handlers)
}

// Asks implements host.Outgoing.
func (m *Module) Asks() string { return "providers of OpenID Connect" }

// Open implements host.Opener. At the first start it makes the keys, so that the gateway
// finds them.
func (m *Module) Open(ctx context.Context, env host.Env) error {
	providers, err := m.config.Elsewhere.parseProviders()
	if err != nil {
		return err
	}
	rules, err := m.config.Passwords.openPolicy()
	if err != nil {
		return err
	}
	m.subjects, err = subjects.New(ctx, subjects.Options{
		DB: env.DB, Now: env.Now, Logger: env.Logger, Limits: m.config.limits(env.Config.RateLimit),
		PublicURL: env.Config.PublicURL, ReturnTo: m.config.Elsewhere.ReturnTo, Words: m.config.ShopWords, Providers: newProviderClients(providers, env.Config.PublicURL, env.Now),
		FactorRequired: m.config.FactorRequired == "on" || m.config.FactorRequired == "auto" && !env.Development,
		Hasher:         passwords.NewHasher(passwords.Recommended, debug.FreeOSMemory), Rules: rules,
		OursOnly: m.config.Passwords.Imported == "off", NoPasswordGrant: m.config.Passwords.Grant == "off",
	})
	if err != nil {
		return err
	}
	m.handlers = m.subjects.Handlers()
	m.workers = []*lifecycle.Worker{lifecycle.NewWorker("users.sweep", m.config.SweepInterval, env.Logger, m.subjects.SweepOnce)}
	return registerMetrics(env.Metrics, m.subjects)
}

// Workers implements lifecycle.WorkerOwner.
func (m *Module) Workers() []*lifecycle.Worker { return m.workers }
