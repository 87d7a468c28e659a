// Package signin is every way of signing in: with a password, with a code, at a provider
// or with a passkey, and with a second factor where the account has one. It is also the
// ways of showing once more who one is. All ways of signing in end in one function.
package signin

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/keys"
	"app/modules/users/internal/passwords"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/session"
	"app/modules/users/internal/tries"
	"app/platform/database"
)

// Options are what a Service works with. All are required.
type Options struct {
	DB         *database.DB
	Now        func() time.Time
	Logger     *slog.Logger
	Hasher     *passwords.Hasher
	Keys       *keys.Ring
	Audits     *audit.Log
	Tries      *tries.Limiter
	Codes      *code.Service
	Sessions   *session.Service
	Factors    *factor.Service
	Federation *federation.Service
	// OursOnly means that hashes which were imported open nothing: their owners set new
	// passwords by e-mail.
	OursOnly bool
}

// Service is the ways of signing in. Safe for concurrent use.
type Service struct {
	db         *database.DB
	now        func() time.Time
	logger     *slog.Logger
	hasher     *passwords.Hasher
	keys       *keys.Ring
	audits     *audit.Log
	tries      *tries.Limiter
	codes      *code.Service
	sessions   *session.Service
	factors    *factor.Service
	federation *federation.Service
	oursOnly   bool
}

// New makes the service. It reads nothing yet.
func New(o Options) *Service {
	return &Service{
		db: o.DB, now: o.Now, logger: o.Logger, hasher: o.Hasher, keys: o.Keys, audits: o.Audits, tries: o.Tries, codes: o.Codes,
		sessions: o.Sessions, factors: o.Factors, federation: o.Federation, oursOnly: o.OursOnly,
	}
}

// proof is that somebody has shown who they are, and how.
type proof struct {
	// Account as it was when the proof was judged.
	Account account.Account
	Method  authn.Method
	// Level is AAL2 only when the method is two factors by itself.
	Level authn.Level
	// Transport is Bearer when it is empty.
	Transport authn.Transport
	// ProvedAt is when the proof was made, now when it is zero. A provider that
	// somebody had signed in at before tells of that time, and the session counts as
	// fresh from then on.
	ProvedAt time.Time
}

// signIn is where every way of signing in ends. It runs in the Write that spent the
// proof (the code, the state of the provider's answer), and what it returns must not
// leave the process before that Write has committed. The caller has had the keys reread.
//
//  1. The account is read again: one that has been disabled since, or whose password is
//     no longer the one that was checked, is InvalidCredentials, and nothing is written.
//  2. An account with a second factor, when in.Level is AAL1, gets a Ticket instead of
//     a session: see finishPending. No method may pass this by, recovery of a password
//     least of all (ASVS 6.4.3).
//  3. Everybody else gets a new session with new secrets, whatever the client presented
//     before (ASVS 7.2.4); a browser's session that the request was made with ends.
//  4. The owner is told of a session that is begun with an unfamiliar program or from
//     an unfamiliar place: see session.Service.Open.
//  5. Either is recorded in the audit log, with in.Method as its detail. Refusals are
//     recorded by the caller.
//
// The session keeps the method, the level and the time, for what needs a recent proof.
func (s *Service) signIn(ctx context.Context, tx *database.Tx, in proof) (session.SignedIn, error) {
	in.Transport = cmp.Or(in.Transport, authn.Bearer)
	owner, exists, err := account.IfExists(account.Lock(ctx, tx, in.Account.ID))
	switch {
	case err != nil:
		return session.SignedIn{}, err
	case !exists, owner.Disabled(), in.Method == authn.ByPassword && owner.PasswordHash != in.Account.PasswordHash:
		return session.SignedIn{}, reason.InvalidCredentials.New()
	}
	if in.Level < authn.AAL2 {
		factors, err := factor.Of(ctx, tx, owner.ID)
		if err != nil {
			return session.SignedIn{}, err
		}
		if len(factors) > 0 {
			return s.suspendSignIn(ctx, tx, in, factors)
		}
	}
	draft := session.Session{Methods: string(in.Method), Level: int(in.Level), Transport: string(in.Transport), ProvedAt: in.ProvedAt}
	return s.sessions.Open(ctx, tx, owner, draft)
}
