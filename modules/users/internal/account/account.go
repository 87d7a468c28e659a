// Package account keeps accounts: who somebody is, under which address, and what anybody
// may know of them. Every account is of a person whose address is verified.
package account

import (
	"log/slog"
	"time"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/passwords"
	"app/platform/database"
)

// Options are what a Service works with. All are required.
type Options struct {
	DB     *database.DB
	Now    func() time.Time
	Logger *slog.Logger
	Hasher *passwords.Hasher
	Policy passwords.Policy
	Audits *audit.Log
}

// Service is the use cases of accounts. Safe for concurrent use.
type Service struct {
	db     *database.DB
	now    func() time.Time
	logger *slog.Logger
	hasher *passwords.Hasher
	policy passwords.Policy
	audits *audit.Log
}

// New makes the service. It reads nothing yet.
func New(o Options) *Service {
	return &Service{db: o.DB, now: o.Now, logger: o.Logger, hasher: o.Hasher, policy: o.Policy, audits: o.Audits}
}
