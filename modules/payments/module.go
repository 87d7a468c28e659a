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
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/rest"
	"app/modules/payments/internal/service"
	"app/modules/payments/internal/store"
	"app/modules/payments/internal/testprovider"
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
	service   *service.Service
	workers   []*lifecycle.Worker
}

// New makes the module, not yet open.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "payments" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.cfg }

// Migrations implements host.DatabaseOwner.
func (*Module) Migrations() fs.FS { return store.Migrations() }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency {
	return []rpc.Dependency{merchantsv1.NeedMerchants(&m.merchants).Only("Roles").Formerly("Member")}
}

// Serves implements host.Callee.
func (m *Module) Serves() []rpc.Service {
	return []rpc.Service{paymentsv1.ServePayments(func() paymentsv1.PaymentsHandler { return m.service })}
}

// Emits implements host.Emitter.
func (*Module) Emits() []proto.Message {
	return []proto.Message{&paymentsevents.Succeeded{}, &paymentsevents.Failed{}, &paymentsevents.Refunded{}}
}

// Hears implements host.Listener.
func (m *Module) Hears() []events.Subscription {
	return service.Hears(func() *service.Service { return m.service })
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	rest.Register(api, func() *service.Service { return m.service })
}

// Switches implements host.Switcher.
func (m *Module) Switches() []host.Switch {
	return []host.Switch{{Variable: "PAYMENTS_TEST", Setting: m.cfg.Test, What: "test payments: everybody pays for every order without money"}}
}

// Open implements host.Opener.
func (m *Module) Open(ctx context.Context, env host.Env) error {
	test, err := m.testProvider(ctx, env)
	if err != nil {
		return err
	}
	m.service = service.New(service.Needs{
		DB: env.DB, Merchants: m.merchants, Providers: []provider.Port{test}, Logger: env.Logger, Now: env.Now,
		Options: service.Options{Timeout: m.cfg.Timeout, Retry: m.cfg.Reconcile, Poll: m.cfg.Poll, KeepWebhooks: m.cfg.KeepWebhooks},
	})
	worker := func(name string, work func(context.Context) (bool, error)) *lifecycle.Worker {
		return lifecycle.NewWorker(name, m.cfg.Reconcile, env.Logger, work)
	}
	refunds, webhooks := worker("send refunds", m.service.SendRefunds), worker("process webhooks", m.service.ProcessWebhooks)
	slow := worker("test provider", test.Work)
	m.service.WakeRefunds, m.service.WakeWebhooks = refunds.Wake, webhooks.Wake
	test.Wake = func(after time.Duration) { time.AfterFunc(after, slow.Wake) }
	m.workers = []*lifecycle.Worker{
		worker("reconcile payments", m.service.Reconcile), refunds, webhooks, slow,
		lifecycle.NewWorker("sweep webhooks", m.cfg.Sweep, env.Logger, m.service.Sweep),
		lifecycle.NewWorker("sweep the test provider", m.cfg.Sweep, env.Logger, test.Sweep),
	}
	return nil
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
			return m.service.Webhook(ctx, "test", header, body)
		},
	}), nil
}

// Workers implements lifecycle.WorkerOwner.
func (m *Module) Workers() []*lifecycle.Worker { return m.workers }
