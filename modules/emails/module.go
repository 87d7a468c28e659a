// Package emails writes to people: it listens to what happens in the shop, renders
// e-mails, keeps them in a queue and hands each to a transport once.
package emails

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"app/modules/emails/internal/budget"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/mailbox"
	"app/modules/emails/internal/notice"
	"app/modules/emails/internal/notification"
	"app/modules/emails/internal/reason"
	"app/modules/emails/internal/request"
	"app/modules/emails/internal/suppression"
	"app/modules/emails/internal/template"
	"app/modules/emails/internal/withheld"
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
	transport email.Transport
	merchants merchantsv1.MerchantsClient

	emails        *email.Service
	notifications *notification.Service
	withheld      *withheld.Service
	mailbox       *mailbox.Service
	notices       *notice.Service
	handlers      handlers
	workers       []*lifecycle.Worker
}

// handlers are those of each subject.
type handlers struct {
	emails       *email.Handlers
	requests     *request.Handlers
	mailbox      *mailbox.Handlers
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
	return notification.Subscriptions(&m.notifications)
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	api.Problems(reason.All()...)
	request.Register(api, &m.handlers.requests)
	email.Register(api, &m.handlers.emails)
	mailbox.Register(api, &m.handlers.mailbox)
	suppression.Register(api, &m.handlers.suppressions)
	notice.Register(api, &m.handlers.notices)
}

// Asks implements host.Outgoing.
func (*Module) Asks() string { return "mail servers, Amazon SES and SNS" }

// Open implements host.Opener.
func (m *Module) Open(ctx context.Context, env host.Env) error {
	m.env, m.mailbox = env, &mailbox.Service{DB: env.DB, Now: env.Now}
	var err error
	if m.transport, err = m.newTransport(ctx, env); err != nil {
		return err
	}
	if m.emails, err = m.newEmails(env); err != nil {
		return err
	}
	if m.withheld, err = withheld.NewService(withheld.Options{DB: env.DB, Now: env.Now, Metrics: env.Metrics}); err != nil {
		return err
	}
	if m.notices, err = m.newNotices(env); err != nil {
		return err
	}
	requests, err := m.newRequests(env)
	if err != nil {
		return err
	}
	m.notifications = &notification.Service{DB: env.DB, Emails: m.emails, Withheld: m.withheld, Logger: env.Logger, Now: env.Now}
	m.handlers = handlers{
		emails: email.NewHandlers(m.emails), requests: request.NewHandlers(requests), mailbox: mailbox.NewHandlers(m.mailbox),
		suppressions: suppression.NewHandlers(&suppression.Service{DB: env.DB}), notices: notice.NewHandlers(m.notices),
	}
	m.workers = m.newWorkers(env)
	return nil
}

func (m *Module) newEmails(env host.Env) (*email.Service, error) {
	set, err := template.Parse(m.cfg.Locale)
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	return email.NewService(email.Options{
		DB: env.DB, Transport: m.transport, Templates: set, Logger: env.Logger, Now: env.Now, Metrics: env.Metrics,
		Workers: m.cfg.Workers, Lease: m.cfg.Lease, Attempts: m.cfg.Attempts, MaxAge: m.cfg.MaxAge,
		KeepData: m.cfg.Transport == "ses" && m.cfg.SESTemplates == "stored", RecipientRate: m.cfg.RecipientRate,
	})
}

func (m *Module) newRequests(env host.Env) (*request.Service, error) {
	return request.NewService(request.Options{
		DB: env.DB, Emails: m.emails, Merchants: m.merchants, Now: env.Now, PublicURL: env.Config.PublicURL,
		MerchantTemplates: m.cfg.MerchantTemplates,
		Limits:            budget.Limits{Merchant: m.cfg.MerchantRate, Owner: m.cfg.OwnerRate, Network: m.cfg.NetworkRate},
	})
}

func (m *Module) newNotices(env host.Env) (*notice.Service, error) {
	return notice.NewService(notice.Options{
		DB: env.DB, Now: env.Now, Logger: env.Logger, Metrics: env.Metrics, Verifier: &notice.Verifier{
			Topics: m.cfg.SESTopics, Source: notice.NewSource(http.DefaultTransport, env.Now), MaxAge: m.cfg.NoticeAge, Now: env.Now,
		},
	})
}

// Start implements lifecycle.Starter.
func (m *Module) Start(ctx context.Context) error {
	if m.cfg.Check == "strict" {
		if checker, ok := m.transport.(email.Checker); ok {
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
