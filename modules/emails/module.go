// Package emails writes to people: it listens to what happens in the shop, renders letters, keeps them in a queue and
// hands each to a transport once.
package emails

import (
	"context"
	"fmt"
	"io/fs"

	"app/modules/emails/internal/letters"
	"app/modules/emails/internal/rest"
	"app/modules/emails/internal/service"
	"app/modules/emails/internal/store"
	"app/platform/events"
	"app/platform/host"
	"app/platform/httpserver"
	"app/platform/lifecycle"
)

// Module is the emails module.
type Module struct {
	cfg     Config
	service *service.Service
	sender  *lifecycle.Worker
}

// New makes the module, not yet open.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "emails" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.cfg }

// Migrations implements host.DatabaseOwner.
func (*Module) Migrations() fs.FS { return store.Migrations }

// Hears implements host.Listener.
func (m *Module) Hears() []events.Subscription {
	s := &m.service // set by Open, long before the first event
	return []events.Subscription{
		events.Hear("emails.welcome", late(s, (*service.Service).Registered)),
		events.Hear("emails.code", late(s, (*service.Service).CodeIssued)),
		events.Hear("emails.already_registered", late(s, (*service.Service).AlreadyRegistered)),
		events.Hear("emails.password_changed", late(s, (*service.Service).PasswordChanged)),
		events.Hear("emails.merchant_approved", late(s, (*service.Service).MerchantApproved)),
		events.Hear("emails.receipt", late(s, (*service.Service).Paid)),
		events.Hear("emails.order_cancelled", late(s, (*service.Service).Cancelled)),
		events.Hear("emails.refund_issued", late(s, (*service.Service).Refunded)),
	}
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *httpserver.API) {
	rest.Register(api, func() *service.Service { return m.service })
}

// Open implements host.Opener.
func (m *Module) Open(_ context.Context, env host.Env) error {
	set, err := letters.Parse("en")
	if err != nil {
		return fmt.Errorf("read letters: %w", err)
	}
	m.service = service.New(service.Options{
		DB: env.DB, Transport: &service.Mailbox{DB: env.DB, Now: env.Now}, Letters: set, Logger: env.Logger, Now: env.Now,
		Workers: m.cfg.Workers, Lease: m.cfg.Lease, Attempts: m.cfg.Attempts,
	})
	m.sender = lifecycle.NewWorker("emails.send", m.cfg.Poll, env.Logger, func(ctx context.Context) (bool, error) {
		_, err := m.service.SendDue(ctx)
		return false, err
	})
	m.service.Queued = m.sender.Wake
	return nil
}

// Start implements lifecycle.Starter.
func (m *Module) Start(context.Context) error {
	m.sender.Start()
	return nil
}

// Stop implements lifecycle.Stopper.
func (m *Module) Stop(ctx context.Context) error { return m.sender.Stop(ctx) }
