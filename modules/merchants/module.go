// Package merchants opens merchant accounts and knows who may act for them.
package merchants

import (
	"context"
	"io/fs"

	"google.golang.org/protobuf/proto"

	"app/modules/merchants/internal/apikey"
	"app/modules/merchants/internal/contract"
	"app/modules/merchants/internal/invitation"
	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/reason"
	"app/modules/merchants/merchantsevents"
	"app/modules/merchants/merchantsv1"
	"app/modules/merchants/migrations"
	"app/modules/users/usersv1"
	"app/platform/config"
	"app/platform/host"
	"app/platform/operation"
	"app/platform/rpc"
)

// Module is the merchants module.
type Module struct {
	cfg      Config
	users    usersv1.UsersClient
	contract *contract.Handler
	rest     struct {
		merchants   *merchant.Handlers
		members     *member.Handlers
		invitations *invitation.Handlers
		keys        *apikey.Handlers
	}
}

// New makes the module, not yet open.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "merchants" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.cfg }

// Migrations implements host.DatabaseOwner.
func (*Module) Migrations() fs.FS { return migrations.Files }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency {
	return []rpc.Dependency{usersv1.NeedUsers(&m.users).Only("Find", "CreateAPIKey", "ListAPIKeys", "RevokeAPIKey")}
}

// Serves implements host.Callee.
func (m *Module) Serves() []rpc.Service {
	return []rpc.Service{merchantsv1.ServeMerchants(func() merchantsv1.MerchantsHandler { return m.contract })}
}

// Emits implements host.Emitter.
func (*Module) Emits() []proto.Message {
	return []proto.Message{&merchantsevents.MerchantApproved{}, &merchantsevents.Invited{}}
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	merchant.Register(api, &m.rest.merchants)
	member.Register(api, &m.rest.members)
	invitation.Register(api, &m.rest.invitations)
	apikey.Register(api, &m.rest.keys)
	api.Problems(reason.All()...)
}

// Switches implements host.Switcher.
func (m *Module) Switches() []config.Switch {
	setting := m.cfg.AutoApprove
	if word, ok := onOff(setting); ok {
		setting = word
	}
	return []config.Switch{{Variable: "MERCHANTS_AUTO_APPROVE", Setting: setting, What: "approval by nobody: whoever signs up sells"}}
}

// Open implements host.Opener.
func (m *Module) Open(_ context.Context, env host.Env) error {
	merchants := merchant.New(merchant.Options{
		DB: env.DB, Users: m.users, Now: env.Now, AutoApprove: m.cfg.AutoApproves(env.Development), Limits: m.cfg.merchantLimits(),
	})
	invitations := invitation.New(invitation.Options{
		DB: env.DB, Now: env.Now, PublicURL: env.Config.PublicURL, Limits: m.cfg.invitationLimits(),
	})
	members := member.New(member.Options{DB: env.DB, Keys: m.users, Invitations: invitations})
	keys := apikey.New(apikey.Options{DB: env.DB, Users: m.users, Now: env.Now, Life: m.cfg.KeyLife})
	m.contract = contract.New(members, merchants)
	m.rest.merchants, m.rest.members = merchant.NewHandlers(merchants), member.NewHandlers(members)
	m.rest.invitations, m.rest.keys = invitation.NewHandlers(invitations), apikey.NewHandlers(keys)
	return nil
}
