package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/store"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// stepUpLife is how long a proof of who one is counts for changes that need a fresh one
// (ASVS 7.5.1).
const stepUpLife = 10 * time.Minute

// SignIn is somebody who has shown who they are, and how.
type SignIn struct {
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

// SignedIn is what a sign-in comes to: a session, which is carried by Tokens or by
// Browser, or a Ticket and no session.
type SignedIn struct {
	Session store.Session
	Tokens  Tokens              // for Bearer
	Browser authn.BrowserCookie // for Cookie
	// Ticket, when it is not empty, waits for one of the Factors to be shown. It is a
	// secret of the client's for TicketLife.
	Ticket  string
	Factors []authn.Method
}

// signIn is where every way of signing in ends. It runs in the Write that spent the
// proof (the code, the state of the provider's answer), and what it returns must not
// leave the process before that Write has committed. The caller has had the keys reread.
//
//  1. The account is read again: one that has been disabled since, or whose password is
//     no longer the one that was checked, is errCredentials, and nothing is written.
//  2. An account with a second factor, when in.Level is AAL1, gets a Ticket instead of
//     a session: see completeSignIn. No method may pass this by, recovery of a password
//     least of all (ASVS 6.4.3).
//  3. Everybody else gets a new session with new secrets, whatever the client presented
//     before (ASVS 7.2.4); a browser's session that the request was made with ends.
//  4. The owner is told of a session that is begun with an unfamiliar program or from
//     an unfamiliar place: see strange.
//  5. Either is recorded in the audit log, with in.Method as its detail. Refusals are
//     recorded by the caller.
//
// The session keeps the method, the level and the time, for fresh.
func (s *Service) signIn(ctx context.Context, tx *database.Tx, in SignIn) (SignedIn, error) {
	in.Transport = cmp.Or(in.Transport, authn.Bearer)
	account, exists, err := account.IfExists(account.Lock(ctx, tx, in.Account.ID))
	switch {
	case err != nil:
		return SignedIn{}, err
	case !exists, account.Disabled(), in.Method == authn.ByPassword && account.PasswordHash != in.Account.PasswordHash:
		return SignedIn{}, authn.ErrCredentials()
	}
	if in.Level < authn.AAL2 {
		factors, err := factorsOf(ctx, tx, account.ID)
		if err != nil {
			return SignedIn{}, err
		}
		if len(factors) > 0 {
			return s.suspendSignIn(ctx, tx, in, factors)
		}
	}
	draft := store.Session{Methods: string(in.Method), Level: int(in.Level), Transport: string(in.Transport), ProvedAt: in.ProvedAt}
	return s.openSession(ctx, tx, account, draft)
}

// openSession starts a session with the methods, level, transport and time of proof of
// the draft.
func (s *Service) openSession(ctx context.Context, tx *database.Tx, account account.Account, draft store.Session) (out SignedIn, err error) {
	now, client := s.now(), callctx.ClientOf(ctx)
	life := s.limits.SessionLife
	if authn.Transport(draft.Transport) == authn.Cookie {
		life = s.limits.BrowserLife
	}
	session := draft
	session.ID, session.AccountID = ids.New("ses", now), account.ID
	session.UserAgent, session.Network = store.Fit(client.Agent, 200), store.Fit(client.Network, 64)
	session.CreatedAt, session.LastUsedAt, session.ExpiresAt = now, now, now.Add(life)
	if session.ProvedAt.IsZero() || session.ProvedAt.After(now) {
		session.ProvedAt = now
	}
	if before := identity.FromContext(ctx); before.Method == identity.Session {
		if _, err := s.endSession(ctx, tx, before.SessionID, endedBySignIn); err != nil {
			return SignedIn{}, err
		}
	}
	if err := s.tellOfStranger(ctx, tx, account, session); err != nil {
		return SignedIn{}, err
	}
	if err := store.InsertSession(ctx, tx, session); err != nil {
		return SignedIn{}, err
	}
	if err := s.Accounts.ConfirmImported(ctx, tx, account.ID, session.Methods); err != nil {
		return SignedIn{}, err
	}
	if out, err = s.issueSessionCredentials(ctx, tx, session, account.Admin); err != nil {
		return SignedIn{}, err
	}
	return out, s.Audits.Record(ctx, tx, audit.Entry{AccountID: account.ID, Event: audit.SignIn, Outcome: audit.OutcomeOK, Detail: session.Methods, SessionID: session.ID})
}

// issueSessionCredentials gives a session what its client will carry.
func (s *Service) issueSessionCredentials(ctx context.Context, tx *database.Tx, session store.Session, admin bool) (SignedIn, error) {
	out := SignedIn{Session: session}
	var err error
	if authn.Transport(session.Transport) == authn.Cookie {
		out.Browser, err = s.newCookie(ctx, tx, session)
		return out, err
	}
	refresh := newRefreshToken()
	if err := s.addRefresh(ctx, tx, refresh, session, session.CreatedAt); err != nil {
		return SignedIn{}, err
	}
	out.Tokens, err = s.signTokens(session, admin, refresh, session.CreatedAt)
	return out, err
}

// stepUp records that the caller, in the session that the request is made with, has
// just shown again who they are. The methods are added to those of the session, its
// level is raised, never lowered; a browser gets a new cookie and the old one is void
// from now on (ASVS 7.2.4). The caller of stepUp has judged the proof. Errors:
// errSignedOut when the session has ended or there is none.
func (s *Service) stepUp(ctx context.Context, tx *database.Tx, method authn.Method, level authn.Level) (SignedIn, error) {
	session, err := s.ownSession(ctx, tx)
	if err != nil {
		return SignedIn{}, err
	}
	if methods := strings.Fields(session.Methods); !slices.Contains(methods, string(method)) {
		session.Methods = strings.Join(append(methods, string(method)), " ")
	}
	session.Level, session.ProvedAt = max(session.Level, int(level)), s.now()
	if err := store.ProveSession(ctx, tx, session); err != nil {
		return SignedIn{}, account.SignedOut(err)
	}
	if err := s.Accounts.ConfirmImported(ctx, tx, session.AccountID, session.Methods); err != nil {
		return SignedIn{}, err
	}
	out, err := s.renewCookie(ctx, tx, session)
	if err != nil {
		return SignedIn{}, err
	}
	return out, s.Audits.Record(ctx, tx, audit.Entry{AccountID: session.AccountID, Event: audit.StepUp, Outcome: audit.OutcomeOK, Detail: string(method)})
}

// requireRecentAuth checks that the caller has shown who they are in the last ten
// minutes, with two factors when the account has a second one. Changes of the address,
// the password and the factors begin with it. Errors: errStepUp, PermissionDenied with
// the reason step_up_required; errSignedOut.
func (s *Service) requireRecentAuth(ctx context.Context, tx *database.Tx) (store.Session, error) {
	session, err := s.ownSession(ctx, tx)
	if err != nil {
		return store.Session{}, err
	}
	factors, err := s.factors(ctx, tx, session.AccountID)
	if err != nil {
		return store.Session{}, err
	}
	needed := authn.AAL1
	if len(factors) > 0 {
		needed = authn.AAL2
	}
	if authn.Level(session.Level) < needed || s.now().Sub(session.ProvedAt) > stepUpLife {
		return store.Session{}, errStepUp()
	}
	return session, nil
}

// sessionPrincipal is who acts in a session: with the rights of the account, of which
// those that need a second factor wait for it where the shop demands one (ASVS 6.3.3).
func (s *Service) sessionPrincipal(session store.Session, admin bool) identity.Principal {
	p := identity.Principal{UserID: session.AccountID, SessionID: session.ID, Admin: admin, Method: identity.Bearer}
	if authn.Transport(session.Transport) == authn.Cookie {
		p.Method = identity.Session
	}
	if s.factorRequired && authn.Level(session.Level) < authn.AAL2 {
		return p.Withhold()
	}
	return p
}

// ownSession is the session that the request is made with. Errors: errSignedOut when
// there is none or it is over, as for API keys.
func (s *Service) ownSession(ctx context.Context, tx *database.Tx) (store.Session, error) {
	principal := identity.FromContext(ctx)
	if principal.UserID == "" || principal.SessionID == "" {
		return store.Session{}, authn.ErrSignedOut()
	}
	session, err := store.SessionByID(ctx, tx, principal.SessionID)
	if err != nil {
		return store.Session{}, account.SignedOut(err)
	}
	if session.AccountID != principal.UserID || !session.EndedAt.IsZero() || !s.now().Before(session.ExpiresAt) {
		return store.Session{}, authn.ErrSignedOut()
	}
	return session, nil
}

func errStepUp() error {
	return fault.New(fault.PermissionDenied, "step_up_required", "Show again who you are with POST /v1/auth/step-up, then repeat the request.")
}
