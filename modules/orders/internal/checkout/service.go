package checkout

import (
	"context"
	"log/slog"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/order"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
)

// Catalog is what checkouts ask of catalog; errors are those of its contract.
type Catalog interface {
	Reserve(context.Context, *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error)
	Release(context.Context, *catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error)
}

// Payments is what checkouts ask of payments; errors are those of its contract.
type Payments interface {
	Start(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error)
	Methods(context.Context, *paymentsv1.MethodsRequest) (*paymentsv1.MethodsResponse, error)
}

// Options are the bounds the service works with.
type Options struct {
	// StartGrace is how long a checkout may wait for payments before the reconciler asks
	// again.
	StartGrace time.Duration
	// ExpiryMargin is how long before the hold lapses an unpaid order is given up, so
	// that a payment in time is always for stock still held. A tenth of what is left of
	// the hold at most.
	ExpiryMargin time.Duration
	// FreshHold is how much of a hold must be left for a checkout to begin with it
	// instead of taking a new one.
	FreshHold time.Duration
	// KeepCarts is how long a cart is kept that nobody touches.
	KeepCarts time.Duration
}

// Needs is what a Service works with.
type Needs struct {
	DB       *database.DB
	Carts    *cart.Service
	Orders   *order.Service
	Catalog  Catalog
	Payments Payments
	Logger   *slog.Logger
	Now      func() time.Time
	Options  Options
}

// Service turns carts into orders, and finishes what a crash leaves in the middle.
type Service struct {
	Needs
	methods methods
}

// NewService makes a service on a migrated database.
func NewService(n Needs) *Service {
	return &Service{Needs: n, methods: methods{ask: n.Payments.Methods, now: n.Now}}
}
