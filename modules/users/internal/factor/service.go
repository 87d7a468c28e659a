// Package factor keeps second factors: authenticator apps (TOTP), recovery codes and
// passkeys. It knows no sessions: whoever makes a Service says who the caller is.
package factor

import (
	"context"
	"errors"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"app/modules/users/internal/account"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/ceremony"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
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
		publicURL: o.PublicURL, passkeys: ceremony.NewWebAuthn(o.PublicURL),
	}
}

// List reads the caller's own. Error: Unauthenticated.
func (s *Service) List(ctx context.Context) (out Overview, err error) {
	id := identity.FromContext(ctx).UserID
	if id == "" {
		return Overview{}, fault.NotSignedIn.New()
	}
	err = s.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		t, err := TOTPOf(ctx, q, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		out.TOTP = t.ConfirmedAt
		if out.Passkeys, err = PasskeysOf(ctx, q, id); err != nil {
			return err
		}
		out.Recovery, err = CountRecovery(ctx, q, id)
		return err
	})
	return out, err
}

// Verify reports whether a second factor is good, and uses it up if it is. A
// refusal is not an error of the Write, which has to commit the try.
func (s *Service) Verify(ctx context.Context, tx *database.Tx, accountID string, f Proof) (refusal, err error) {
	switch f.Method {
	case authn.ByTOTP:
		return s.judgeTOTP(ctx, tx, accountID, f.Code, true)
	case authn.ByRecovery:
		return s.judgeRecovery(ctx, tx, accountID, f.Code)
	}
	return authn.ErrCode(), nil
}

// finishAddingFactor makes the first recovery codes, tells the owner, and counts the
// proof that came with the factor for the session.
func (s *Service) finishAddingFactor(ctx context.Context, tx *database.Tx, accountID string, method authn.Method, change usersevents.CredentialsChange, name string) (out Added, err error) {
	left, err := CountRecovery(ctx, tx, accountID)
	if err == nil && left == 0 {
		out.Recovery, err = s.newRecovery(ctx, tx, accountID)
	}
	if err != nil {
		return Added{}, err
	}
	if err := s.accounts.NotifyCredentialsChange(ctx, tx, accountID, change, name); err != nil {
		return Added{}, err
	}
	out.Browser, err = s.sessions.ProveAgain(ctx, tx, method, authn.AAL2)
	return out, err
}

// finishRemovingFactor takes the recovery codes away with the last factor, and tells
// the owner.
func (s *Service) finishRemovingFactor(ctx context.Context, tx *database.Tx, accountID string, change usersevents.CredentialsChange, name string) error {
	left, err := Of(ctx, tx, accountID)
	if err == nil && len(left) == 0 {
		err = ReplaceRecovery(ctx, tx, accountID, nil, s.now())
	}
	if err != nil {
		return err
	}
	return s.accounts.NotifyCredentialsChange(ctx, tx, accountID, change, name)
}

// RemoveAll removes all second factors of an account, and tells the owner of each.
func (s *Service) RemoveAll(ctx context.Context, tx *database.Tx, accountID string) error {
	factors, err := Of(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if err := DeleteFactors(ctx, tx, accountID); err != nil {
		return err
	}
	for _, f := range factors {
		if change, ok := removals[f]; ok {
			if err := s.accounts.NotifyCredentialsChange(ctx, tx, accountID, change, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// removals are what the owner is told of a factor that is gone.
var removals = map[authn.Method]usersevents.CredentialsChange{
	authn.ByTOTP:    usersevents.CredentialsChange_CREDENTIALS_CHANGE_TOTP_REMOVED,
	authn.ByPasskey: usersevents.CredentialsChange_CREDENTIALS_CHANGE_PASSKEY_REMOVED,
}
