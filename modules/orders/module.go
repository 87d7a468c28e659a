// Package orders sells: it keeps carts, turns them into orders at checkout, and follows
// each order until it is paid, cancelled or refunded.
package orders

import (
	"context"
	"io/fs"

	"google.golang.org/protobuf/proto"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/checkout"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/reason"
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
	orders    *order.Service
	handlers  struct {
		carts     cart.Handlers
		orders    order.Handlers
		checkouts checkout.Handlers
	}
	workers []*lifecycle.Worker
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

// Subscriptions implements host.Subscriber.
func (m *Module) Subscriptions() []events.Subscription {
	return order.Subscriptions(&m.orders)
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	cart.Register(api, &m.handlers.carts)
	checkout.Register(api, &m.handlers.checkouts)
	order.Register(api, &m.handlers.orders)
	api.Problems(reason.All()...)
}

// Open implements host.Opener.
func (m *Module) Open(ctx context.Context, env host.Env) error {
	carts, err := cart.NewService(ctx, cart.Needs{DB: env.DB, Catalog: m.catalog, Now: env.Now, Currency: m.cfg.Currency})
	if err != nil {
		return err
	}
	m.orders = order.NewService(order.Needs{
		DB: env.DB, Merchants: m.merchants, Carts: carts, Logger: env.Logger, Now: env.Now,
	})
	checkouts := checkout.NewService(checkout.Needs{
		DB: env.DB, Carts: carts, Orders: m.orders, Catalog: m.catalog, Payments: m.payments, Logger: env.Logger, Now: env.Now,
		Options: checkout.Options{
			StartGrace: m.cfg.StartGrace, ExpiryMargin: m.cfg.ExpiryMargin, FreshHold: m.cfg.FreshHold, KeepCarts: m.cfg.KeepCarts,
		},
	})
	m.handlers.carts = cart.Handlers{Carts: carts}
	m.handlers.orders = order.Handlers{Orders: m.orders}
	m.handlers.checkouts = checkout.Handlers{Checkouts: checkouts}
	m.workers = []*lifecycle.Worker{
		lifecycle.NewWorker("reconcile orders", m.cfg.Reconcile, env.Logger, checkouts.Reconcile),
		lifecycle.NewWorker("sweep carts", m.cfg.Sweep, env.Logger, checkouts.SweepCarts),
	}
	return nil
}

// Workers implements lifecycle.WorkerOwner.
func (m *Module) Workers() []*lifecycle.Worker { return m.workers }
