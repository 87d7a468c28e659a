// Package session keeps people signed in: sessions, what carries them (cookies, access
// and refresh tokens), and how they end. It knows no second factors: whoever makes a
// Service says how to ask for those of an account.
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

// Limits are the lives of what a session hands out.
type Limits struct {
	AccessLife   time.Duration // of an access token
	RefreshIdle  time.Duration // how long a refresh token waits to be used
	RefreshGrace time.Duration // how long a used one still gets its successor
	SessionLife  time.Duration // of a sign-in, however often it is refreshed
	BrowserIdle  time.Duration // how long a browser's session lasts that is not used
	BrowserLife  time.Duration // of a browser's session, however much it is used
	AuditKeep    time.Duration // how long the audit log remembers devices
}

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
