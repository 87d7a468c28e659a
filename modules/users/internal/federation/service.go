package federation

import (
	"log/slog"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/session"
	"app/platform/database"
)

// Options are what a Service works with. Providers and ReturnTo may be empty.
type Options struct {
	DB        *database.DB
	Now       func() time.Time
	Logger    *slog.Logger
	Secret    secret.Key
	Accounts  *account.Service
	Sessions  *session.Service
	Providers Providers
	ReturnTo  ReturnList
}

// Service is the use cases of providers and identities. Safe for concurrent use.
type Service struct {
	db        *database.DB
	now       func() time.Time
	logger    *slog.Logger
	secret    secret.Key
	accounts  *account.Service
	sessions  *session.Service
	providers Providers
	returnTo  ReturnList
}

// New makes the service. It asks no provider yet.
func New(o Options) *Service {
	return &Service{
		db: o.DB, now: o.Now, logger: o.Logger, secret: o.Secret, accounts: o.Accounts, sessions: o.Sessions,
		providers: o.Providers, returnTo: o.ReturnTo,
	}
}
