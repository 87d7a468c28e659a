// Package orders sells: it keeps carts, turns them into orders at checkout, and follows
// each order until it is paid, cancelled or refunded.
package orders

import (
	"context"
	"io/fs"

	"google.golang.org/protobuf/proto"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/rest"
	"app/modules/orders/internal/service"
	"app/modules/orders/migrations"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsv1"
	"app/platform/events"
	"app/platform/host"
	"app/platform/lifecycle"
	"app/platform/operation"
	"app/platform/rpc"
)

// Module is the orders module.
type Module struct {
	cfg       Config
	catalog   catalogv1.CatalogClient
	payments  paymentsv1.PaymentsClient
	merchants merchantsv1.MerchantsClient
	service   *service.Service
	workers   []*lifecycle.Worker
}

// New makes the module, not yet open.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "orders" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.cfg }

// Migrations implements host.DatabaseOwner.
func (*Module) Migrations() fs.FS { return migrations.Files }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency {
	return []rpc.Dependency{
		catalogv1.NeedCatalog(&m.catalog).Only("Products", "Reserve", "Release"),
		paymentsv1.NeedPayments(&m.payments).Only("Start", "Methods"),
		merchantsv1.NeedMerchants(&m.merchants).Only("Roles").Formerly("Member"),
	}
}

// Emits implements host.Emitter.
func (*Module) Emits() []proto.Message {
	return []proto.Message{&ordersevents.Placed{}, &ordersevents.Paid{}, &ordersevents.Cancelled{}}
}

// Hears implements host.Listener.
func (m *Module) Hears() []events.Subscription {
	return service.Hears(func() *service.Service { return m.service })
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	rest.Register(api, func() *service.Service { return m.service })
}

// Open implements host.Opener.
func (m *Module) Open(ctx context.Context, env host.Env) (err error) {
	m.service, err = service.New(ctx, service.Needs{
		DB: env.DB, Catalog: m.catalog, Payments: m.payments, Merchants: m.merchants, Logger: env.Logger, Now: env.Now,
		Options: service.Options{
			StartGrace: m.cfg.StartGrace, ExpiryMargin: m.cfg.ExpiryMargin, FreshHold: m.cfg.FreshHold, KeepCarts: m.cfg.KeepCarts,
			Currency: m.cfg.Currency,
		},
	})
	if err != nil {
		return err
	}
	m.workers = []*lifecycle.Worker{
		lifecycle.NewWorker("reconcile orders", m.cfg.Reconcile, env.Logger, m.service.Reconcile),
		lifecycle.NewWorker("sweep carts", m.cfg.Sweep, env.Logger, m.service.Sweep),
	}
	return nil
}

// Workers implements lifecycle.WorkerOwner.
func (m *Module) Workers() []*lifecycle.Worker { return m.workers }
