// Package catalog sells: products with their prices, and stock that is held for
// checkouts and never promised twice.
package catalog

import (
	"context"
	"io/fs"
	"time"

	"google.golang.org/protobuf/proto"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/attribute"
	"app/modules/catalog/internal/backfill"
	"app/modules/catalog/internal/category"
	"app/modules/catalog/internal/collection"
	"app/modules/catalog/internal/contract"
	"app/modules/catalog/internal/hold"
	"app/modules/catalog/internal/price"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/reason"
	"app/modules/catalog/internal/slugs"
	"app/modules/catalog/internal/stock"
	"app/modules/catalog/migrations"
	"app/modules/merchants/merchantsv1"
	"app/platform/events"
	"app/platform/host"
	"app/platform/lifecycle"
	"app/platform/operation"
	"app/platform/rpc"
)

// Module is catalog in one process.
type Module struct {
	config    Config
	merchants merchantsv1.MerchantsClient
	products  *product.Service
	stock     *stock.Service
	holds     *hold.Service
	tree      *category.Service
	picked    *collection.Service
	facts     *attribute.Service
	contract  *contract.Handler
	rest      struct {
		products *product.Handlers
		prices   *price.Handlers
		stock    *stock.Handlers
		tree     *category.Handlers
		picked   *collection.Handlers
		facts    *attribute.Handlers
	}
	workers []*lifecycle.Worker
}

// New makes the module, not opened.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (m *Module) Name() string { return "catalog" }

// Config implements host.Configurer.
func (m *Module) Config() any { return &m.config }

// Migrations implements host.DatabaseOwner.
func (m *Module) Migrations() fs.FS { return migrations.Files }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency {
	return []rpc.Dependency{merchantsv1.NeedMerchants(&m.merchants).Only("Roles").Formerly("Member")}
}

// Serves implements host.Callee.
func (m *Module) Serves() []rpc.Service {
	return []rpc.Service{catalogv1.ServeCatalog(func() catalogv1.CatalogHandler { return m.contract })}
}

// Emits implements host.Emitter.
func (m *Module) Emits() []proto.Message {
	return []proto.Message{&catalogevents.StockLow{}, &catalogevents.StockShort{}}
}

// Subscriptions implements host.Subscriber.
func (m *Module) Subscriptions() []events.Subscription {
	return hold.Subscriptions(&m.holds)
}

// Operations implements host.Publisher.
func (m *Module) Operations(api *operation.API) {
	product.Register(api, &m.rest.products)
	stock.Register(api, &m.rest.stock)
	category.Register(api, &m.rest.tree)
	collection.Register(api, &m.rest.picked)
	price.Register(api, &m.rest.prices)
	attribute.Register(api, &m.rest.facts)
	api.Problems(reason.All()...)
}

// Open implements host.Opener.
func (m *Module) Open(_ context.Context, env host.Env) error {
	m.products = product.New(product.Options{DB: env.DB, Members: m.merchants, Now: env.Now})
	m.stock = stock.New(stock.Options{DB: env.DB, Products: m.products, Now: env.Now})
	m.tree = category.New(category.Options{DB: env.DB, Products: m.products, Now: env.Now})
	m.picked = collection.New(collection.Options{DB: env.DB, Roles: m.products, Now: env.Now})
	m.facts = attribute.New(attribute.Options{DB: env.DB, Products: m.products, Now: env.Now})
	m.holds = hold.New(hold.Options{
		DB: env.DB, Logger: env.Logger, Now: env.Now, TTL: m.config.HoldTTL, GuestTTL: m.config.HoldGuest,
		Unpaid: m.config.Unpaid.unpaidLimits(env.Config.RateLimit),
	})
	m.contract = contract.New(m.products, m.holds)
	m.rest.products, m.rest.stock = product.NewHandlers(m.products), stock.NewHandlers(m.stock)
	m.rest.tree, m.rest.picked = category.NewHandlers(m.tree), collection.NewHandlers(m.picked)
	m.rest.prices = price.NewHandlers(price.New(price.Options{DB: env.DB, OnSale: m.products.RequireListed}))
	m.rest.facts = attribute.NewHandlers(m.facts)
	m.workers = []*lifecycle.Worker{
		lifecycle.NewWorker("catalog.sweep", m.config.SweepInterval, env.Logger, m.holds.SweepOnce),
		lifecycle.NewWorker("catalog.fold", foldInterval, env.Logger, func(ctx context.Context) (bool, error) {
			return backfill.FoldOnce(ctx, env.DB)
		}),
		lifecycle.NewWorker("catalog.slugs", foldInterval, env.Logger, func(ctx context.Context) (bool, error) {
			return slugs.FillOnce(ctx, env.DB)
		}),
	}
	return nil
}

// foldInterval is how soon products are seen to that a process of the release before
// listed during an upgrade.
const foldInterval = time.Hour

// Workers implements lifecycle.WorkerOwner: they release lapsed holds, and bring what
// earlier releases stored up to date.
func (m *Module) Workers() []*lifecycle.Worker { return m.workers }
