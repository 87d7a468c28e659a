package session

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/keys"
	"app/modules/users/internal/revocation"
	"app/modules/users/internal/secret"
	"app/platform/database"
)

// Options are what a Service works with. All are required.
type Options struct {
	DB          *database.DB
	Now         func() time.Time
	Logger      *slog.Logger
	Keys        *keys.Ring
	Accounts    *account.Service
	Audits      *audit.Log
	Revocations *revocation.Log
	Limits      Limits
	// Factors lists the second factors of an account.
	Factors Factors
	// FactorRequired demands a second factor of administrators, and of owners and
	// managers of merchants.
	FactorRequired bool
}

// Factors lists the second factors of an account, none when it has no second factor.
type Factors func(ctx context.Context, tx *database.Tx, accountID string) ([]authn.Method, error)

// Service is the use cases of sessions. Safe for concurrent use.
type Service struct {
	db          *database.DB
	now         func() time.Time
	logger      *slog.Logger
	secret      secret.Key
	keys        *keys.Ring
	accounts    *account.Service
	audits      *audit.Log
	revocations *revocation.Log
	limits      Limits
	factors     Factors

	factorRequired bool

	reuses atomic.Int64
}

// New makes the service. It reads nothing yet.
func New(o Options) *Service {
	return &Service{
		db: o.DB, now: o.Now, logger: o.Logger, secret: o.Keys.Secret(), keys: o.Keys, accounts: o.Accounts, audits: o.Audits,
		revocations: o.Revocations, limits: o.Limits, factors: o.Factors, factorRequired: o.FactorRequired,
	}
}
