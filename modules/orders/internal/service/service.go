// Package service holds the use cases of carts and orders. Each public method is one
// use case and decides who may call it; each listener method runs in the transaction
// that marks its event as heard.
//
// Three rules keep the shop whole:
//   - no call of another module is made while a transaction is open;
//   - everything that must be true together is one write, conditional on what was read
//     before;
//   - every step may be repeated: ids follow from the request, and what is left
//     unfinished Reconcile picks up.
package service

import (
	"context"
	"encoding/hex"
	"log/slog"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
)

// Catalog is what orders asks of catalog; errors are those of its contract.
type Catalog interface {
	Products(context.Context, *catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error)
	Reserve(context.Context, *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error)
	Release(context.Context, *catalogv1.ReleaseRequest) (*catalogv1.ReleaseResponse, error)
}

// Payments is what orders asks of payments; errors are those of its contract.
type Payments interface {
	Start(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error)
	Methods(context.Context, *paymentsv1.MethodsRequest) (*paymentsv1.MethodsResponse, error)
}

// Merchants is what orders asks of merchants; errors are those of its contract.
type Merchants = merchantsv1.Authorizer

// Options are the bounds the service works with.
type Options struct {
	// StartGrace is how long a checkout may take to hear from payments before the
	// reconciler asks again.
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
	// Currency of the zero total of an empty cart.
	Currency string
}

// Needs is what a Service works with.
type Needs struct {
	DB        *database.DB
	Catalog   Catalog
	Payments  Payments
	Merchants Merchants
	Logger    *slog.Logger
	Now       func() time.Time
	Options   Options
}

// Service serves carts and orders.
type Service struct {
	Needs
	secret  []byte // makes a guest's token out of an idempotency key
	methods methods
}

// New makes a service on a migrated database. At the first start on a database it makes
// the module's secret.
func New(ctx context.Context, n Needs) (*Service, error) {
	s := &Service{Needs: n}
	s.methods = methods{ask: n.Payments.Methods, now: n.Now}
	var err error
	s.secret, err = s.cartTokens(ctx)
	return s, err
}

// cartTokens reads the secret of the tokens of guests' carts.
func (s *Service) cartTokens(ctx context.Context) ([]byte, error) {
	secret, err := s.DB.Secret(ctx, "orders_secrets", "cart_tokens")
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(secret) //nolint:wrapcheck // the database has written it
}
