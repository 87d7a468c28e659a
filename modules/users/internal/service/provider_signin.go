package service

import (
	"context"
	"errors"
	"strings"
	"time"

	"app/modules/users/internal/account"
	"app/modules/users/internal/audit"
	"app/modules/users/internal/authn"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/openid"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/modules/users/usersevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
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

// FinishProviderSignIn ends the journey that federation began.
//
//  1. The state is used up and the provider's answer is checked, see redeem.
//  2. Who it is follows from issuer and subject, never from the address (ASVS 6.8.1).
//  3. Somebody new whose address is verified and has no account gets one. An address
//     with an account is not enough to get into it: its owner has to sign in and to
//     confirm (see ConfirmLink). An address that the provider has not verified opens
//     nothing.
//  4. What signs in is subject to the account's second factor, as everywhere, unless
//     the provider says in configured words that it was shown there (ASVS 6.8.4).
//  5. Who proves again who they are has signed in at the provider since they left for
//     it: what it says of that time is checked.
//
// Errors: those of redeem; sign_in_not_fresh; sign_in_refused, also for an account that
// may not sign in; address_unverified; identity_taken.
func (s *Service) FinishProviderSignIn(ctx context.Context, in federation.Callback) (ProviderOutcome, error) {
	s.Keys.Reread(ctx)
	state, who, err := s.Federation.Redeem(ctx, in)
	if err != nil {
		return ProviderOutcome{}, err
	}
	if state.Purpose == federation.ToProve && !isRecentProviderSignIn(state, who, s.now()) {
		return ProviderOutcome{}, s.refuseStale(ctx)
	}
	out, err := s.admitIdentity(ctx, state, who)
	if fault.ReasonOf(err) == "invalid_credentials" { // the account is disabled, which it does not say
		err = fault.New(fault.Unauthenticated, "sign_in_refused", "You cannot sign in with this identity.")
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
		entry := audit.Entry{AccountID: identity.FromContext(ctx).UserID, Event: audit.StepUp, Outcome: audit.OutcomeRefused, Detail: string(authn.ByProvider)}
		return s.Audits.Record(ctx, tx, entry)
	})
	if err != nil {
		return err
	}
	return fault.New(fault.PermissionDenied, "sign_in_not_fresh",
		"The provider does not say that you signed in there just now. Show who you are another way: with a code by e-mail, the password or a second factor.")
}

// levelOf is how much a provider's answer proves.
func levelOf(who openid.Identity) authn.Level {
	if who.TwoFactors {
		return authn.AAL2
	}
	return authn.AAL1
}

// admitIdentity finds out whose identity it is and does what the journey was for. It is
// tried again when somebody else links the identity, or makes an account of the
// address, at this very moment.
func (s *Service) admitIdentity(ctx context.Context, state federation.State, who openid.Identity) (out ProviderOutcome, err error) {
	for range 2 {
		err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			out = ProviderOutcome{ReturnTo: state.ReturnTo}
			known, err := federation.BySubject(ctx, tx, who.Issuer, who.Subject)
			switch {
			case errors.Is(err, store.ErrNotFound):
				return s.handleUnlinkedIdentity(ctx, tx, state, who, &out)
			case err != nil:
				return err
			}
			return s.handleLinkedIdentity(ctx, tx, state, who, known, &out)
		})
		if !errors.Is(err, store.ErrDuplicate) {
			break
		}
	}
	return out, err
}

// handleLinkedIdentity is somebody whose identity is linked to an account, whatever
// address they have by now.
func (s *Service) handleLinkedIdentity(ctx context.Context, tx *database.Tx, state federation.State, who openid.Identity, known federation.Identity, out *ProviderOutcome) error {
	if err := federation.Use(ctx, tx, known.ID, store.Fit(who.Email, account.MaxAddress), s.now()); err != nil {
		return err
	}
	if state.Purpose == federation.ToSignIn {
		account, err := account.ByID(ctx, tx, known.AccountID)
		if err != nil {
			return err
		}
		out.SignedIn, err = s.signIn(ctx, tx, SignIn{Account: account, Method: authn.ByProvider, Level: levelOf(who), Transport: authn.Cookie, ProvedAt: who.SignedInAt})
		return err
	}
	session, err := s.Sessions.Own(ctx, tx)
	switch {
	case err != nil:
		return err
	case session.AccountID != known.AccountID:
		return federation.ErrIdentityTaken()
	case state.Purpose == federation.ToLink:
		out.Linked = true
		return nil
	}
	factors, err := factor.Of(ctx, tx, session.AccountID)
	if err != nil {
		return err
	}
	if len(factors) > 0 && !who.TwoFactors {
		return errFactorRequired()
	}
	out.Fresh = true
	out.SignedIn, err = s.Sessions.StepUp(ctx, tx, authn.ByProvider, levelOf(who))
	return err
}

// handleUnlinkedIdentity is somebody whose identity is linked to no account yet.
func (s *Service) handleUnlinkedIdentity(ctx context.Context, tx *database.Tx, state federation.State, who openid.Identity, out *ProviderOutcome) error {
	addr, err := account.ParseAddress(who.Email)
	if !who.Verified || err != nil {
		return federation.ErrUnverified()
	}
	switch state.Purpose {
	case federation.ToLink:
		session, err := s.Sessions.RequireRecent(ctx, tx)
		if err != nil {
			return err
		}
		out.Linked = true
		return s.Federation.Link(ctx, tx, session.AccountID, state.Provider, who)
	case federation.ToProve:
		return federation.ErrIdentityTaken() // it is nobody's, so not the caller's
	}
	there, exists, err := account.IfExists(account.ByEmail(ctx, tx, addr.Key))
	if err != nil {
		return err
	}
	if exists {
		out.Email = there.Email
		out.Link, err = s.Federation.Propose(ctx, tx, there, state, who)
		return err
	}
	account, err := s.createPasswordlessAccount(ctx, tx, addr, who)
	if err != nil {
		return err
	}
	if err := s.Federation.Insert(ctx, tx, account.ID, state.Provider, who); err != nil {
		return err
	}
	out.SignedIn, err = s.signIn(ctx, tx, SignIn{Account: account, Method: authn.ByProvider, Level: levelOf(who), Transport: authn.Cookie, ProvedAt: who.SignedInAt})
	return err
}

// createPasswordlessAccount makes an account without a password for somebody whose
// address the provider has verified.
func (s *Service) createPasswordlessAccount(ctx context.Context, tx *database.Tx, addr account.Address, who openid.Identity) (account.Account, error) {
	first, complaint := account.CleanName(who.FirstName)
	if complaint != "" || first == "" {
		local, _, _ := strings.Cut(addr.Typed, "@")
		if first, complaint = account.CleanName(local); complaint != "" {
			first = "Customer"
		}
	}
	last, _ := account.CleanName(who.LastName)
	owner := account.FromDraft(ids.New("usr", s.now()), account.Draft{
		Email: addr.Typed, EmailKey: addr.Key, FirstName: first, LastName: last, Locale: callctx.ClientOf(ctx).Locale(),
	}, s.now())
	if err := account.Insert(ctx, tx, owner); err != nil {
		return account.Account{}, err
	}
	return owner, events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: owner.ID, Version: owner.Version},
		&usersevents.Registered{UserId: owner.ID, Email: owner.Email, FirstName: owner.FirstName, Locale: owner.Locale})
}
