// Package admin is what operators do by command: they say who is an administrator, keep
// people out and let them in again, and help those who have lost their second factors.
package admin

import (
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/session"
	"app/platform/database"
)

// Options are what a Service works with. All are required.
type Options struct {
	DB       *database.DB
	Now      func() time.Time
	Accounts *account.Service
	Audits   *audit.Log
	Sessions *session.Service
	Factors  *factor.Service
}

// Service is the use cases of operators. Safe for concurrent use.
type Service struct {
	db       *database.DB
	now      func() time.Time
	accounts *account.Service
	audits   *audit.Log
	sessions *session.Service
	factors  *factor.Service
}

// New makes the service. It reads nothing yet.
func New(o Options) *Service {
	return &Service{db: o.DB, now: o.Now, accounts: o.Accounts, audits: o.Audits, sessions: o.Sessions, factors: o.Factors}
}
