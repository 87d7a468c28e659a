package session

import (
	"context"
	"slices"
	"strings"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/device"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/store"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// FreshFor is how long a proof of who one is counts for changes that need a recent one
// (ASVS 7.5.1).
const FreshFor = 10 * time.Minute

// SignedIn is what a sign-in comes to: a session, which is carried by Tokens or by
// Browser, or a Ticket and no session.
type SignedIn struct {
	Session Session
	Tokens  Tokens              // for Bearer
	Browser authn.BrowserCookie // for Cookie
	// Ticket, when it is not empty, waits for one of the Factors to be shown. It is a
	// secret of the client's for pending.Life.
	Ticket  string
	Factors []authn.Method
}

// Open starts a session with the methods, level, transport and time of proof of
// the draft.
func (s *Service) Open(ctx context.Context, tx *database.Tx, account account.Account, draft Session) (out SignedIn, err error) {
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
	opening := device.Opening{
		Device: device.Device{UserAgent: session.UserAgent, Network: session.Network}, SessionID: session.ID, At: now,
	}
	if err := device.Notice(ctx, tx, account, opening, s.limits.AuditKeep); err != nil {
		return SignedIn{}, err
	}
	if err := Insert(ctx, tx, session); err != nil {
		return SignedIn{}, err
	}
	if err := s.accounts.ConfirmImported(ctx, tx, account.ID, session.Methods); err != nil {
		return SignedIn{}, err
	}
	if out, err = s.issueSessionCredentials(ctx, tx, session, account.Admin); err != nil {
		return SignedIn{}, err
	}
	return out, s.audits.Record(ctx, tx, audit.Entry{AccountID: account.ID, Event: audit.SignIn, Outcome: audit.OutcomeOK, Detail: session.Methods, SessionID: session.ID})
}

// issueSessionCredentials gives a session what its client will carry.
func (s *Service) issueSessionCredentials(ctx context.Context, tx *database.Tx, session Session, admin bool) (SignedIn, error) {
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

// StepUp records that the caller, in the session that the request is made with, has
// just shown again who they are. The methods are added to those of the session, its
// level is raised, never lowered; a browser gets a new cookie and the old one is void
// from now on (ASVS 7.2.4). The caller of stepUp has judged the proof. Errors:
// Unauthenticated when the session has ended or there is none.
func (s *Service) StepUp(ctx context.Context, tx *database.Tx, method authn.Method, level authn.Level) (SignedIn, error) {
	session, err := s.Own(ctx, tx)
	if err != nil {
		return SignedIn{}, err
	}
	if methods := strings.Fields(session.Methods); !slices.Contains(methods, string(method)) {
		session.Methods = strings.Join(append(methods, string(method)), " ")
	}
	session.Level, session.ProvedAt = max(session.Level, int(level)), s.now()
	if err := recordProof(ctx, tx, session); err != nil {
		return SignedIn{}, account.SignedOut(err)
	}
	if err := s.accounts.ConfirmImported(ctx, tx, session.AccountID, session.Methods); err != nil {
		return SignedIn{}, err
	}
	out, err := s.RenewCookie(ctx, tx, session)
	if err != nil {
		return SignedIn{}, err
	}
	return out, s.audits.Record(ctx, tx, audit.Entry{AccountID: session.AccountID, Event: audit.StepUp, Outcome: audit.OutcomeOK, Detail: string(method)})
}

// RequireRecent checks that the caller has shown who they are in the last ten
// minutes, with two factors when the account has a second one. Changes of the address,
// the password and the factors begin with it. Errors: step_up_required;
// Unauthenticated.
func (s *Service) RequireRecent(ctx context.Context, tx *database.Tx) (Session, error) {
	session, err := s.Own(ctx, tx)
	if err != nil {
		return Session{}, err
	}
	factors, err := s.factors(ctx, tx, session.AccountID)
	if err != nil {
		return Session{}, err
	}
	needed := authn.AAL1
	if len(factors) > 0 {
		needed = authn.AAL2
	}
	if authn.Level(session.Level) < needed || s.now().Sub(session.ProvedAt) > FreshFor {
		return Session{}, reason.StepUpRequired.New()
	}
	return session, nil
}

// sessionPrincipal is who acts in a session: with the rights of the account, of which
// those that need a second factor wait for it where the shop demands one (ASVS 6.3.3).
func (s *Service) sessionPrincipal(session Session, admin bool) identity.Principal {
	p := identity.Principal{UserID: session.AccountID, SessionID: session.ID, Admin: admin, Method: identity.Bearer}
	if authn.Transport(session.Transport) == authn.Cookie {
		p.Method = identity.Session
	}
	if s.factorRequired && authn.Level(session.Level) < authn.AAL2 {
		return p.Withhold()
	}
	return p
}

// Own is the session that the request is made with. Errors: Unauthenticated when
// there is none or it is over, as for API keys.
func (s *Service) Own(ctx context.Context, tx *database.Tx) (Session, error) {
	principal := identity.FromContext(ctx)
	if principal.UserID == "" || principal.SessionID == "" {
		return Session{}, fault.NotSignedIn.New()
	}
	session, err := findSession(ctx, tx, principal.SessionID)
	if err != nil {
		return Session{}, account.SignedOut(err)
	}
	if session.AccountID != principal.UserID || !session.EndedAt.IsZero() || !s.now().Before(session.ExpiresAt) {
		return Session{}, fault.NotSignedIn.New()
	}
	return session, nil
}
