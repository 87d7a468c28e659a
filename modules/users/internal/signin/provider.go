package signin

import (
	"context"
	"errors"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/openid"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/identity"
)

// ProviderOutcome is what becomes of it: exactly one of SignedIn (a session or a ticket),
// Fresh, Linked and Link.
type ProviderOutcome struct {
	SignedIn session.SignedIn
	Fresh    bool   // SignedIn has the session's new cookie
	Linked   bool   // to the account that is signed in
	Link     string // the address has an account: its owner has to confirm, with this token
	Email    string // of that account
	ReturnTo string
}

// FinishProvider ends the journey that federation began.
//
//  1. The state is used up and the provider's answer is checked, see federation.
//  2. Who it is follows from issuer and subject, never from the address (ASVS 6.8.1).
//  3. Somebody new whose address is verified and has no account gets one. An address
//     with an account is not enough to get into it: its owner has to sign in and to
//     confirm (see federation). An address that the provider has not verified opens
//     nothing.
//  4. What signs in is subject to the account's second factor, as everywhere, unless
//     the provider says in configured words that it was shown there (ASVS 6.8.4).
//  5. Who proves again who they are has signed in at the provider since they left for
//     it: what it says of that time is checked.
//
// Errors: those of federation.Service.Redeem; sign_in_not_fresh; sign_in_refused, also
// for an account that may not sign in; address_unverified; identity_taken.
func (s *Service) FinishProvider(ctx context.Context, in federation.Callback) (ProviderOutcome, error) {
	s.keys.Reread(ctx)
	state, who, err := s.federation.Redeem(ctx, in)
	if err != nil {
		return ProviderOutcome{}, err
	}
	if state.Purpose == federation.ToProve && !isRecentProviderSignIn(state, who, s.now()) {
		return ProviderOutcome{}, s.refuseStale(ctx)
	}
	out, err := s.admitIdentity(ctx, arrival{state, who})
	if reason.InvalidCredentials.Matches(err) { // the account is disabled, which it does not say
		err = reason.SignInRefused.Newf("You cannot sign in with this identity.")
	}
	return out, err
}

// isRecentProviderSignIn reports whether somebody signed in at the provider after they
// were sent there, as far as the clocks of two machines can tell.
func isRecentProviderSignIn(state federation.State, who openid.Identity, now time.Time) bool {
	at := who.SignedInAt
	return !at.IsZero() && !at.Before(state.CreatedAt.Add(-openid.Skew)) && !at.After(now.Add(openid.Skew))
}

// refuseStale records a step-up for which nobody signed in at the provider, or none
// that it tells of.
func (s *Service) refuseStale(ctx context.Context) error {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return s.audits.Record(ctx, tx, audit.Entry{
			AccountID: identity.FromContext(ctx).UserID, Event: audit.StepUp, Outcome: audit.OutcomeRefused, Detail: string(authn.ByProvider),
		})
	})
	if err != nil {
		return err
	}
	return reason.SignInNotFresh.New()
}

// levelOf is how much a provider's answer proves.
func levelOf(who openid.Identity) authn.Level {
	if who.TwoFactors {
		return authn.AAL2
	}
	return authn.AAL1
}

// arrival is somebody who has come back from a provider, and why they were sent there.
type arrival struct {
	federation.State

	who openid.Identity
}

// admitIdentity finds out whose identity it is and does what the journey was for. It is
// tried again when somebody else links the identity, or makes an account of the
// address, at this very moment.
func (s *Service) admitIdentity(ctx context.Context, in arrival) (out ProviderOutcome, err error) {
	for range 2 {
		err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			known, err := federation.BySubject(ctx, tx, in.who.Issuer, in.who.Subject)
			switch {
			case errors.Is(err, store.ErrNotFound):
				out, err = s.handleUnlinkedIdentity(ctx, tx, in)
			case err == nil:
				out, err = s.handleLinkedIdentity(ctx, tx, in, known)
			}
			return err
		})
		if !errors.Is(err, store.ErrDuplicate) {
			break
		}
	}
	return out, err
}

// handleLinkedIdentity is somebody whose identity is linked to an account, whatever
// address they have by now.
func (s *Service) handleLinkedIdentity(ctx context.Context, tx *database.Tx, in arrival, known federation.LinkedIdentity) (ProviderOutcome, error) {
	if err := federation.Use(ctx, tx, known.ID, store.Fit(in.who.Email, account.MaxAddress), s.now()); err != nil {
		return ProviderOutcome{}, err
	}
	if in.Purpose == federation.ToSignIn {
		owner, err := account.ByID(ctx, tx, known.AccountID)
		if err != nil {
			return ProviderOutcome{}, err
		}
		return s.signInIdentity(ctx, tx, in, owner)
	}
	current, err := s.sessions.Own(ctx, tx)
	switch {
	case err != nil:
		return ProviderOutcome{}, err
	case current.AccountID != known.AccountID:
		return ProviderOutcome{}, reason.IdentityTaken.New()
	case in.Purpose == federation.ToLink:
		return ProviderOutcome{Linked: true, ReturnTo: in.ReturnTo}, nil
	}
	factors, err := factor.Of(ctx, tx, current.AccountID)
	if err != nil {
		return ProviderOutcome{}, err
	}
	if len(factors) > 0 && !in.who.TwoFactors {
		return ProviderOutcome{}, reason.FactorRequired.New()
	}
	proved, err := s.sessions.StepUp(ctx, tx, authn.ByProvider, levelOf(in.who))
	return ProviderOutcome{SignedIn: proved, Fresh: true, ReturnTo: in.ReturnTo}, err
}

// handleUnlinkedIdentity is somebody whose identity is linked to no account yet.
func (s *Service) handleUnlinkedIdentity(ctx context.Context, tx *database.Tx, in arrival) (ProviderOutcome, error) {
	addr, err := account.ParseAddress(in.who.Email)
	if !in.who.Verified || err != nil {
		return ProviderOutcome{}, reason.AddressUnverified.New()
	}
	switch in.Purpose {
	case federation.ToLink:
		current, err := s.sessions.RequireRecent(ctx, tx)
		if err != nil {
			return ProviderOutcome{}, err
		}
		linked := ProviderOutcome{Linked: true, ReturnTo: in.ReturnTo}
		return linked, s.federation.Link(ctx, tx, current.AccountID, in.Provider, in.who)
	case federation.ToProve:
		return ProviderOutcome{}, reason.IdentityTaken.New() // it is nobody's, so not the caller's
	}
	there, exists, err := account.IfExists(account.ByEmail(ctx, tx, addr.Key))
	if err != nil {
		return ProviderOutcome{}, err
	}
	if exists {
		link, err := s.federation.Propose(ctx, tx, there, in.State, in.who)
		return ProviderOutcome{Email: there.Email, Link: link, ReturnTo: in.ReturnTo}, err
	}
	owner, err := s.federation.CreateAccount(ctx, tx, addr, in.who)
	if err != nil {
		return ProviderOutcome{}, err
	}
	if err := s.federation.Insert(ctx, tx, owner.ID, in.Provider, in.who); err != nil {
		return ProviderOutcome{}, err
	}
	return s.signInIdentity(ctx, tx, in, owner)
}

// signInIdentity signs in the owner of an identity, with a cookie: they come from a page.
func (s *Service) signInIdentity(ctx context.Context, tx *database.Tx, in arrival, owner account.Account) (ProviderOutcome, error) {
	signed, err := s.signIn(ctx, tx, proof{
		Account: owner, Method: authn.ByProvider, Level: levelOf(in.who), Transport: authn.Cookie, ProvedAt: in.who.SignedInAt,
	})
	return ProviderOutcome{SignedIn: signed, ReturnTo: in.ReturnTo}, err
}
