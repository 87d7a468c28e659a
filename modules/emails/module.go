// Package emails writes to people: it listens to what happens in the shop, renders
// e-mails, keeps them in a queue and hands each to a transport once.
package emails

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"app/modules/emails/internal/notice"
	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/rest"
	"app/modules/emails/internal/service"
	"app/modules/emails/internal/suppression"
	"app/modules/emails/internal/template"
	"app/modules/emails/internal/transport"
	"app/modules/emails/migrations"
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
	notices   *notice.Service
	handlers  handlers
	workers   []*lifecycle.Worker
}

// handlers are those of each subject.
type handlers struct {
	emails       *rest.Handlers
	suppressions *suppression.Handlers
	notices      *notice.Handlers
}

// New makes the module, not yet open.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "emails" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.cfg }

// Migrations implements host.DatabaseOwner.
func (*Module) Migrations() fs.FS { return migrations.Files }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency {
	return []rpc.Dependency{merchantsv1.NeedMerchants(&m.merchants).Only("Profile")}
}

// Subscriptions implements host.Subscriber.
func (m *Module) Subscriptions() []events.Subscription {
	return []events.Subscription{
		events.Subscribe("emails.welcome", events.On(&m.service, (*service.Service).Registered)),
		events.Subscribe("emails.code", events.On(&m.service, (*service.Service).CodeIssued)),
		events.Subscribe("emails.already_registered", events.On(&m.service, (*service.Service).AlreadyRegistered)),
		events.Subscribe("emails.password_changed", events.On(&m.service, (*service.Service).PasswordChanged)),
		events.Subscribe("emails.no_account", events.On(&m.service, (*service.Service).NoAccount)),
		events.Subscribe("emails.address_changed", events.On(&m.service, (*service.Service).EmailChanged)),
		events.Subscribe("emails.factor_changed", events.On(&m.service, (*service.Service).CredentialsChanged)),
		events.Subscribe("emails.new_sign_in", events.On(&m.service, (*service.Service).SignedInAnew)),
		events.Subscribe("emails.merchant_approved", events.On(&m.service, (*service.Service).MerchantApproved)),
		events.Subscribe("emails.merchant_invitation", events.On(&m.service, (*service.Service).Invited)),
		events.Subscribe("emails.receipt", events.On(&m.service, (*service.Service).Paid)),
		events.Subscribe("emails.order_cancelled", events.On(&m.service, (*service.Service).Cancelled)),
		events.Subscribe("emails.refund_issued", events.On(&m.service, (*service.Service).Refunded)),
	}
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	api.Problems(reason.All()...)
	rest.Register(api, &m.handlers.emails)
	suppression.Register(api, &m.handlers.suppressions)
	notice.Register(api, &m.handlers.notices)
}

// Asks implements host.Outgoing.
func (*Module) Asks() string { return "mail servers, Amazon SES and SNS" }

// Open implements host.Opener.
func (m *Module) Open(ctx context.Context, env host.Env) error {
	set, err := template.Parse(m.cfg.Locale)
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
	m.notices, err = notice.NewService(notice.Options{
		DB: env.DB, Now: env.Now, Logger: env.Logger, Metrics: env.Metrics, Verifier: &notice.Verifier{
			Topics: m.cfg.SESTopics, Source: notice.NewSource(http.DefaultTransport, env.Now), MaxAge: m.cfg.NoticeAge, Now: env.Now,
		},
	})
	if err != nil {
		return err
	}
	m.handlers = handlers{
		rest.NewHandlers(m.service), suppression.NewHandlers(&suppression.Service{DB: env.DB}), notice.NewHandlers(m.notices),
	}
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
