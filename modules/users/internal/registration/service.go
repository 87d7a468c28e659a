package registration

import (
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/code"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/tries"
	"app/platform/database"
)

// Options are what a Service works with. All are required.
type Options struct {
	DB       *database.DB
	Now      func() time.Time
	Secret   secret.Key
	Hasher   *passwords.Hasher
	CodeLife time.Duration
	Accounts *account.Service
	Codes    *code.Service
	Tries    *tries.Limiter
}

// Service is the use cases of registering. Safe for concurrent use.
type Service struct {
	db       *database.DB
	now      func() time.Time
	secret   secret.Key
	hasher   *passwords.Hasher
	codeLife time.Duration
	accounts *account.Service
	codes    *code.Service
	tries    *tries.Limiter
}

// New makes the service. It reads nothing yet.
func New(o Options) *Service {
	return &Service{
		db: o.DB, now: o.Now, secret: o.Secret, hasher: o.Hasher, codeLife: o.CodeLife,
		accounts: o.Accounts, codes: o.Codes, tries: o.Tries,
	}
}
