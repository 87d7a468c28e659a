package account

import (
	"errors"
	"log/slog"
	"time"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
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

// SignedOut turns a session that is gone into the answer to its bearer.
func SignedOut(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrChanged) {
		return fault.NotSignedIn.New()
	}
	return err
}
