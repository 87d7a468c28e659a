// Package credential changes the address and the password of an account, and gives an
// account whose password is lost another one. The caller has shown lately who they are,
// or has a code from an e-mail.
package credential

import (
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/code"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/session"
	"app/modules/users/internal/tries"
	"app/platform/database"
)

// Options are what a Service works with. All are required.
type Options struct {
	DB       *database.DB
	Now      func() time.Time
	Hasher   *passwords.Hasher
	Accounts *account.Service
	Audits   *audit.Log
	Tries    *tries.Limiter
	Codes    *code.Service
	Sessions *session.Service
	Factors  *factor.Service
}

// Service changes credentials. Safe for concurrent use.
type Service struct {
	db       *database.DB
	now      func() time.Time
	hasher   *passwords.Hasher
	accounts *account.Service
	audits   *audit.Log
	tries    *tries.Limiter
	codes    *code.Service
	sessions *session.Service
	factors  *factor.Service
}

// New makes the service. It reads nothing yet.
func New(o Options) *Service {
	return &Service{
		db: o.DB, now: o.Now, hasher: o.Hasher, accounts: o.Accounts, audits: o.Audits, tries: o.Tries, codes: o.Codes,
		sessions: o.Sessions, factors: o.Factors,
	}
}
