// Package payments takes money for orders and gives it back, through providers, each
// capture and each refund once.
package payments

import (
	"context"
	"io/fs"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/due"
	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/reason"
	"app/modules/payments/internal/refund"
	"app/modules/payments/internal/statement"
	"app/modules/payments/internal/testprovider"
	"app/modules/payments/internal/webhook"
	"app/modules/payments/migrations"
	"app/modules/payments/paymentsevents"
	"app/modules/payments/paymentsv1"
	"app/platform/config"
	"app/platform/events"
	"app/platform/host"
	"app/platform/lifecycle"
	"app/platform/operation"
	"app/platform/rpc"
)

// Module is the payments module.
type Module struct {
	cfg       Config
	merchants merchantsv1.MerchantsClient

	payments   *payment.Service
	webhooks   *webhook.Service
	refunds    *refund.Handlers
	statements *statement.Handlers
	workers    []*lifecycle.Worker
}

// New makes the module, not yet open.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "payments" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.cfg }

// Migrations implements host.DatabaseOwner.
func (*Module) Migrations() fs.FS { return migrations.Files }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency {
	return []rpc.Dependency{merchantsv1.NeedMerchants(&m.merchants).Only("Roles").Formerly("Member")}
}

// Serves implements host.Callee.
func (m *Module) Serves() []rpc.Service {
	return []rpc.Service{paymentsv1.ServePayments(func() paymentsv1.PaymentsHandler { return m.payments })}
}

// Emits implements host.Emitter.
func (*Module) Emits() []proto.Message {
	return []proto.Message{&paymentsevents.Succeeded{}, &paymentsevents.Failed{}, &paymentsevents.Refunded{}}
}

// Subscriptions implements host.Subscriber.
func (m *Module) Subscriptions() []events.Subscription { return payment.Subscriptions(&m.payments) }

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	statement.Register(api, &m.statements)
	refund.Register(api, &m.refunds)
	webhook.Register(api, &m.webhooks, testprovider.SignatureHeader)
	api.Problems(reason.All()...)
}

// Switches implements host.Switcher.
func (m *Module) Switches() []config.Switch {
	return []config.Switch{{Variable: "PAYMENTS_TEST", Setting: m.cfg.Test, What: "test payments: everybody pays for every order without money"}}
}

// Open implements host.Opener.
func (m *Module) Open(ctx context.Context, env host.Env) error {
	test, err := m.testProvider(ctx, env)
	if err != nil {
		return err
	}
	providers := provider.NewDirectory(test)
	schedule, queue := due.Schedule{Timeout: m.cfg.Timeout, Retry: m.cfg.Reconcile}, refund.NewQueue(env.Now)
	m.payments = payment.New(payment.Needs{
		DB: env.DB, Providers: providers, Refunds: queue, Logger: env.Logger, Now: env.Now, Schedule: schedule, Poll: m.cfg.Poll,
	})
	refunds := refund.New(refund.Needs{
		DB: env.DB, Merchants: m.merchants, Providers: providers, Queue: queue, Logger: env.Logger, Now: env.Now, Schedule: schedule,
	})
	m.webhooks = webhook.New(webhook.Needs{
		DB: env.DB, Payments: m.payments, Providers: providers, Logger: env.Logger, Now: env.Now, Schedule: schedule, Keep: m.cfg.KeepWebhooks,
	})
	m.refunds = refund.NewHandlers(refunds)
	m.statements = statement.NewHandlers(&statement.Service{DB: env.DB, Merchants: m.merchants})
	m.makeWorkers(env, refunds, queue, test)
	return nil
}

// makeWorkers makes the background work, and has those who make work for others wake
// them.
func (m *Module) makeWorkers(env host.Env, refunds *refund.Service, queue *refund.Queue, test *testprovider.Provider) {
	worker := func(name string, interval time.Duration, work func(context.Context) (bool, error)) *lifecycle.Worker {
		return lifecycle.NewWorker(name, interval, env.Logger, work)
	}
	send, process := worker("send refunds", m.cfg.Reconcile, refunds.Send), worker("process webhooks", m.cfg.Reconcile, m.webhooks.Process)
	slow := worker("test provider", m.cfg.Reconcile, test.Work)
	queue.Wake, m.webhooks.Wake = send.Wake, process.Wake
	test.Wake = func(after time.Duration) { time.AfterFunc(after, slow.Wake) }
	m.workers = []*lifecycle.Worker{
		worker("reconcile payments", m.cfg.Reconcile, m.payments.Reconcile), send, process, slow,
		worker("sweep webhooks", m.cfg.Sweep, m.webhooks.Sweep),
		worker("sweep the test provider", m.cfg.Sweep, test.Sweep),
	}
}

// testProvider makes the built-in provider, whose webhooks take the same way as
// everybody's.
func (m *Module) testProvider(ctx context.Context, env host.Env) (*testprovider.Provider, error) {
	secret := m.cfg.WebhookSecret
	if secret == "" {
		var err error
		if secret, err = env.DB.Secret(ctx, "payments_secrets", "test_webhooks"); err != nil {
			return nil, err
		}
	}
	return testprovider.New(testprovider.Options{
		DB: env.DB, Secret: []byte(secret), SlowAfter: m.cfg.TestSlow, Keep: m.cfg.KeepTest, Logger: env.Logger, Now: env.Now,
		Closed: !config.SwitchedOn(m.cfg.Test, env.Development),
		Deliver: func(ctx context.Context, header http.Header, body []byte) error {
			return m.webhooks.Receive(ctx, "test", header, body)
		},
	}), nil
}

// Workers implements lifecycle.WorkerOwner.
func (m *Module) Workers() []*lifecycle.Worker { return m.workers }
