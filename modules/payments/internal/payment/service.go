package payment

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"app/modules/payments/internal/due"
	"app/modules/payments/internal/provider"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
)

// Refunds gives back what is left of payments; package refund, which is above this one,
// does it.
type Refunds interface {
	// QueueRest queues the refund of whatever is left of a capture and counts it as
	// under way; the caller stores p.
	QueueRest(ctx context.Context, tx *database.Tx, p *Payment) error
}

// Needs is what a Service works with.
type Needs struct {
	DB        *database.DB
	Providers *provider.Directory
	Refunds   Refunds
	Logger    *slog.Logger
	Now       func() time.Time
	Schedule  due.Schedule
	// Poll is how long to wait for the news of a pending charge before asking for it;
	// it doubles at each try.
	Poll time.Duration
}

// Service takes the money of orders. It is safe for concurrent use.
type Service struct{ Needs }

var _ paymentsv1.PaymentsHandler = (*Service)(nil)

// New makes a service on a migrated database.
func New(n Needs) *Service { return &Service{n} }

// ProviderOf is the provider that has a payment.
func ProviderOf(d *provider.Directory, p Payment) (provider.Port, error) {
	if port, ok := d.ByName(p.Provider); ok {
		return port, nil
	}
	return nil, fmt.Errorf("payment %s is with provider %q, which this process does not have", p.ID, p.Provider)
}
