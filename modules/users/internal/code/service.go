package code

import (
	"time"

	"app/modules/users/internal/audit"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/tries"
	"app/platform/database"
)

// Options are what a Service works with. All are required.
type Options struct {
	DB     *database.DB
	Now    func() time.Time
	Secret secret.Key
	Audits *audit.Log
	Tries  *tries.Limiter
	Limits Limits
	// PublicURL is the address that people use, without a path; links in e-mails begin
	// with it.
	PublicURL string
}

// Service is the use cases of codes. Safe for concurrent use.
type Service struct {
	db        *database.DB
	now       func() time.Time
	secret    secret.Key
	audits    *audit.Log
	tries     *tries.Limiter
	limits    Limits
	publicURL string
}

// New makes the service. It reads nothing yet.
func New(o Options) *Service {
	return &Service{
		db: o.DB, now: o.Now, secret: o.Secret, audits: o.Audits, tries: o.Tries, limits: o.Limits, publicURL: o.PublicURL,
	}
}
