// Package factor keeps second factors: authenticator apps (TOTP), recovery codes and
// passkeys. It knows no sessions: whoever makes a Service says who the caller is.
package factor

import (
	"context"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/secret"
	"app/platform/database"
)

// Sessions is what factors need to know of the caller.
type Sessions interface {
	// RecentCaller is who the request is made by, who has shown that in the last ten
	// minutes. Errors: step_up_required; Unauthenticated.
	RecentCaller(ctx context.Context, tx *database.Tx) (authn.Caller, error)
	// ProveAgain records that the caller has just shown a factor; a browser gets a new
	// cookie. Error: Unauthenticated.
	ProveAgain(ctx context.Context, tx *database.Tx, method authn.Method, level authn.Level) (authn.BrowserCookie, error)
}

// Options are what a Service works with. All are required.
type Options struct {
	DB       *database.DB
	Now      func() time.Time
	Secret   secret.Key
	Accounts *account.Service
	Sessions Sessions
	// Identities counts the identities at providers of an account.
	Identities func(ctx context.Context, tx *database.Tx, accountID string) (int, error)
	// PublicURL names the shop in authenticator apps; passkeys belong to its host.
	PublicURL string
}

// Service is the use cases of second factors. Safe for concurrent use.
type Service struct {
	db         *database.DB
	now        func() time.Time
	secret     secret.Key
	accounts   *account.Service
	sessions   Sessions
	identities func(ctx context.Context, tx *database.Tx, accountID string) (int, error)
	publicURL  string
	passkeys   *webauthn.WebAuthn // nil where there can be none
}

// New makes the service. It reads nothing yet.
func New(o Options) *Service {
	return &Service{
		db: o.DB, now: o.Now, secret: o.Secret, accounts: o.Accounts, sessions: o.Sessions, identities: o.Identities,
		publicURL: o.PublicURL, passkeys: newWebAuthn(o.PublicURL),
	}
}
