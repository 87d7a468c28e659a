// Package emails writes to people: it listens to what happens in the shop, renders
// e-mails, keeps them in a queue and hands each to a transport once.
package emails

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"app/modules/emails/internal/letters"
	"app/modules/emails/internal/notice"
	"app/modules/emails/internal/rest"
	"app/modules/emails/internal/service"
	"app/modules/emails/internal/store"
	"app/modules/emails/internal/transport"
	"app/modules/merchants/merchantsv1"
	"app/platform/events"
	"app/platform/host"
	"app/platform/lifecycle"
	"app/platform/operation"
	"app/platform/rpc"
)

// Module is the emails module.
type Module struct {
	cfg       Config
	env       host.Env
	transport transport.Transport
	merchants merchantsv1.MerchantsClient
	service   *service.Service
	notices   *service.Notices
	workers   []*lifecycle.Worker
}

// New makes the module, not yet open.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "emails" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.cfg }

// Migrations implements host.DatabaseOwner.
func (*Module) Migrations() fs.FS { return store.Migrations }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency {
	return []rpc.Dependency{merchantsv1.NeedMerchants(&m.merchants).Only("Profile")}
}

// Hears implements host.Listener.
func (m *Module) Hears() []events.Subscription {
	s := &m.service // set by Open, long before the first event
	return []events.Subscription{
		events.Hear("emails.welcome", bindLateService(s, (*service.Service).Registered)),
		events.Hear("emails.code", bindLateService(s, (*service.Service).CodeIssued)),
		events.Hear("emails.already_registered", bindLateService(s, (*service.Service).AlreadyRegistered)),
		events.Hear("emails.password_changed", bindLateService(s, (*service.Service).PasswordChanged)),
		events.Hear("emails.no_account", bindLateService(s, (*service.Service).NoAccount)),
		events.Hear("emails.address_changed", bindLateService(s, (*service.Service).EmailChanged)),
		events.Hear("emails.factor_changed", bindLateService(s, (*service.Service).CredentialsChanged)),
		events.Hear("emails.new_sign_in", bindLateService(s, (*service.Service).SignedInAnew)),
		events.Hear("emails.merchant_approved", bindLateService(s, (*service.Service).MerchantApproved)),
		events.Hear("emails.merchant_invitation", bindLateService(s, (*service.Service).Invited)),
		events.Hear("emails.receipt", bindLateService(s, (*service.Service).Paid)),
		events.Hear("emails.order_cancelled", bindLateService(s, (*service.Service).Cancelled)),
		events.Hear("emails.refund_issued", bindLateService(s, (*service.Service).Refunded)),
	}
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	rest.Register(api, func() *service.Service { return m.service }, func() *service.Notices { return m.notices })
}

// Asks implements host.Outgoing.
func (*Module) Asks() string { return "mail servers, Amazon SES and SNS" }

// Open implements host.Opener.
func (m *Module) Open(ctx context.Context, env host.Env) error {
	set, err := letters.Parse(m.cfg.Locale)
	if err != nil {
		return fmt.Errorf("read letters: %w", err)
	}
	m.env = env
	if m.transport, err = m.newTransport(ctx, env); err != nil {
		return err
	}
	m.service, err = service.New(service.Options{
		DB: env.DB, Transport: m.transport, Letters: set, Logger: env.Logger, Now: env.Now, Metrics: env.Metrics,
		Workers: m.cfg.Workers, Lease: m.cfg.Lease, Attempts: m.cfg.Attempts, MaxAge: m.cfg.MaxAge,
		KeepData:          m.cfg.Transport == "ses" && m.cfg.SESTemplates == "stored",
		PublicURL:         env.Config.PublicURL,
		MerchantTemplates: m.cfg.MerchantTemplates, Merchants: m.merchants, Limits: service.Limits{
			Recipient: m.cfg.RecipientRate, Merchant: m.cfg.MerchantRate, Owner: m.cfg.OwnerRate, Network: m.cfg.NetworkRate,
		},
	})
	if err != nil {
		return err
	}
	m.notices = &service.Notices{Service: m.service, Verifier: &notice.Verifier{
		Topics: m.cfg.SESTopics, Source: notice.NewSource(http.DefaultTransport, env.Now), MaxAge: m.cfg.NoticeAge, Now: env.Now,
	}}
	m.workers = m.newWorkers(env)
	return nil
}

// Start implements lifecycle.Starter.
func (m *Module) Start(ctx context.Context) error {
	if m.cfg.Check == "strict" {
		if checker, ok := m.transport.(transport.Checker); ok {
			if err := checker.Check(ctx); err != nil {
				return fmt.Errorf("EMAIL_CHECK=strict: %w", err)
			}
		}
	}
	return nil
}

// Workers implements lifecycle.WorkerOwner.
func (m *Module) Workers() []*lifecycle.Worker { return m.workers }

// Stop implements lifecycle.Stopper.
func (m *Module) Stop(context.Context) error {
	if c, ok := m.transport.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
