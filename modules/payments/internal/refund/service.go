package refund

import (
	"log/slog"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/due"
	"app/modules/payments/internal/provider"
	"app/platform/database"
)

// Needs is what a Service works with.
type Needs struct {
	DB        *database.DB
	Merchants merchantsv1.Authorizer
	Providers *provider.Directory
	Queue     *Queue
	Logger    *slog.Logger
	Now       func() time.Time
	Schedule  due.Schedule
}

// Service takes requests for refunds and has providers carry them out. It is safe for
// concurrent use.
type Service struct{ Needs }

// New makes a service on a migrated database.
func New(n Needs) *Service { return &Service{n} }
