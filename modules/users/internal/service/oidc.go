package service

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"app/modules/users/internal/openid"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

// stateLife is how long a browser may take at a provider.
const stateLife = 10 * time.Minute

// What a browser goes to a provider for.
const (
	toSignIn = "sign_in"
	toLink   = "link"    // the identity to the account that is signed in
	toProve  = "step_up" // again who the signed-in user is
)

// Provider asks one provider of OpenID Connect. Errors of both methods:
// openid.ErrUnavailable, openid.ErrRefused.
type Provider interface {
	// Authorize is the address that a browser is sent to.
	Authorize(ctx context.Context, r openid.Request) (string, error)
	// Redeem tells whose answer it is.
	Redeem(ctx context.Context, in openid.Answer) (openid.Identity, error)
}

// Providers are those that are configured, by name.
type Providers map[string]Provider

func errProvider() error {
	return fault.New(fault.NotFound, "provider_not_found", "There is no provider of this name.")
}

func errState() error {
	return fault.New(fault.InvalidArgument, "sign_in_over", "The sign-in was not begun in this browser, is over or was used before: begin again.")
}

func errProviderDown(cause error) error {
	f := fault.New(fault.Unavailable, "provider_unavailable", "").Because(cause)
	f.RetryAfter = 5 * time.Second
	return f
}

// Departure is a browser to be sent to a provider.
type Departure struct {
	Provider string
	Purpose  string // "sign_in" when empty; "link" and "step_up" need a session
	ReturnTo string // see Service.ReturnTo
	Browser  string // the cookie that the browser has from an earlier departure, if any
}

// Departed is where to, and the cookie that the browser has to bring back.
type Departed struct {
	URL     string
	Browser string
}

// Depart sends a browser to a provider, with a state of its own that is good for ten
// minutes, for one answer and in this browser only. Nonce and PKCE verifier follow from
// the state and a secret of ours. Errors: provider_not_found; Unavailable when the
// provider cannot be reached; step_up_required and Unauthenticated for linking.
func (s *Service) Depart(ctx context.Context, in Departure) (Departed, error) {
	provider, ok := s.providers[in.Provider]
	if !ok {
		return Departed{}, errProvider()
	}
	state := secret.NewToken("")
	to, err := provider.Authorize(ctx, openid.Request{
		State: state, Nonce: s.nonceOf(state), Verifier: s.verifierOf(state), Anew: in.Purpose == toProve,
	})
	if err != nil {
		return Departed{}, errProviderDown(err)
	}
	browser := in.Browser
	if len(browser) != len(state) {
		browser = secret.NewToken("")
	}
	now := s.now()
	row := store.State{
		Hash: secret.HashToken(state), Provider: in.Provider, Purpose: toSignIn, Browser: secret.HashToken(browser), ReturnTo: s.ReturnTo(in.ReturnTo),
		CreatedAt: now, ExpiresAt: now.Add(stateLife),
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if row.Purpose, row.SessionID, err = s.travelPurpose(ctx, tx, in.Purpose); err != nil {
			return err
		}
		return store.InsertState(ctx, tx, row)
	})
	return Departed{URL: to, Browser: browser}, err
}

// travelPurpose checks that somebody who wants to link or to prove something is signed
// in; for linking freshly.
func (s *Service) travelPurpose(ctx context.Context, tx *database.Tx, wanted string) (purpose, session string, err error) {
	var own store.Session
	switch wanted {
	case toLink:
		own, err = s.requireRecentAuth(ctx, tx)
	case toProve:
		own, err = s.ownSession(ctx, tx)
	default:
		return toSignIn, "", nil
	}
	return wanted, own.ID, err
}

func (s *Service) nonceOf(state string) string {
	return s.secret.Hash("nonce", state)
}

func (s *Service) verifierOf(state string) string {
	return base64.RawURLEncoding.EncodeToString(s.secret.Derive("pkce", state))
}

// Arrival is what a browser brings back from a provider.
type Arrival struct {
	Provider string
	State    string
	Code     string
	Issuer   string // the parameter iss
	Error    string // the parameter error
	Browser  string // the cookie
}

// Arrived is what becomes of it: exactly one of SignedIn (a session or a ticket),
// Fresh, Linked and Link.
type Arrived struct {
	SignedIn SignedIn
	Fresh    bool   // SignedIn has the session's new cookie
	Linked   bool   // to the account that is signed in
	Link     string // the address has an account: its owner has to confirm, with this token
	Email    string // of that account
	ReturnTo string
}

// Arrive ends the journey that Depart began.
//
//  1. The state is used up, whatever comes of it: in the browser that it was made for,
//     by the provider that it was made for, once.
//  2. The provider's answer is checked in full (openid.Client.Redeem); no transaction
//     is open meanwhile.
//  3. Who it is follows from issuer and subject, never from the address (ASVS 6.8.1).
//  4. Somebody new whose address is verified and has no account gets one. An address
//     with an account is not enough to get into it: its owner has to sign in and to
//     confirm (see ConfirmLink). An address that the provider has not verified opens
//     nothing.
//  5. What signs in is subject to the account's second factor, as everywhere, unless
//     the provider says in configured words that it was shown there (ASVS 6.8.4).
//  6. Who proves again who they are has signed in at the provider since they left for
//     it: what it says of that time is checked.
//
// Errors: sign_in_not_fresh; sign_in_over; sign_in_cancelled; sign_in_refused for an
// answer that is not valid; address_unverified; identity_taken; Unavailable.
func (s *Service) Arrive(ctx context.Context, in Arrival) (Arrived, error) {
	provider, ok := s.providers[in.Provider]
	if !ok {
		return Arrived{}, errProvider()
	}
	s.Keys.Reread(ctx)
	state, err := s.spendState(ctx, in)
	if err != nil {
		return Arrived{}, err
	}
	if in.Error != "" || in.Code == "" {
		return Arrived{}, fault.New(fault.Unauthenticated, "sign_in_cancelled", "The provider did not sign you in.")
	}
	who, err := provider.Redeem(ctx, openid.Answer{
		Code: in.Code, Issuer: in.Issuer, Nonce: s.nonceOf(in.State), Verifier: s.verifierOf(in.State),
	})
	switch {
	case errors.Is(err, openid.ErrRefused):
		s.logger.WarnContext(ctx, "provider's answer refused", "provider", in.Provider, "error", err.Error())
		return Arrived{}, fault.New(fault.Unauthenticated, "sign_in_refused", "The provider's answer is not valid.").Because(err)
	case err != nil:
		return Arrived{}, errProviderDown(err)
	}
	if state.Purpose == toProve && !s.isRecentProviderSignIn(state, who) {
		return Arrived{}, s.refuseStale(ctx)
	}
	out, err := s.admitIdentity(ctx, state, who)
	if fault.ReasonOf(err) == "invalid_credentials" { // the account is disabled, which it does not say
		err = fault.New(fault.Unauthenticated, "sign_in_refused", "You cannot sign in with this identity.")
	}
	return out, err
}

// isRecentProviderSignIn reports whether somebody signed in at the provider after they
// were sent there, as far as the clocks of two machines can tell.
func (s *Service) isRecentProviderSignIn(state store.State, who openid.Identity) bool {
	at := who.SignedInAt
	return !at.IsZero() && !at.Before(state.CreatedAt.Add(-openid.Skew)) && !at.After(s.now().Add(openid.Skew))
}

// refuseStale records a step-up for which nobody signed in at the provider, or none
// that it tells of.
func (s *Service) refuseStale(ctx context.Context) error {
	err := s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		entry := AuditEntry{AccountID: identity.FromContext(ctx).UserID, Event: AuditStepUp, Outcome: OutcomeRefused, Detail: string(ByProvider)}
		return s.recordAudit(ctx, tx, entry)
	})
	if err != nil {
		return err
	}
	return fault.New(fault.PermissionDenied, "sign_in_not_fresh",
		"The provider does not say that you signed in there just now. Show who you are another way: with a code by e-mail, the password or a second factor.")
}

// levelOf is how much a provider's answer proves.
func levelOf(who openid.Identity) Level {
	if who.TwoFactors {
		return AAL2
	}
	return AAL1
}

// spendState uses the state up.
func (s *Service) spendState(ctx context.Context, in Arrival) (state store.State, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		state, err = store.StateByHash(ctx, tx, secret.HashToken(in.State))
		if err == nil {
			err = store.SpendState(ctx, tx, state.Hash, s.now())
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrChanged):
		return store.State{}, errState()
	case err != nil:
		return store.State{}, err
	case state.Browser != secret.HashToken(in.Browser), state.Provider != in.Provider,
		state.SessionID != "" && state.SessionID != identity.FromContext(ctx).SessionID:
		return store.State{}, errState()
	}
	return state, nil
}

// admitIdentity finds out whose identity it is and does what the journey was for. It is
// tried again when somebody else links the identity, or makes an account of the
// address, at this very moment.
func (s *Service) admitIdentity(ctx context.Context, state store.State, who openid.Identity) (out Arrived, err error) {
	for range 2 {
		err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
			out = Arrived{ReturnTo: state.ReturnTo}
			known, err := store.IdentityBySubject(ctx, tx, who.Issuer, who.Subject)
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
func (s *Service) handleLinkedIdentity(ctx context.Context, tx *database.Tx, state store.State, who openid.Identity, known store.Identity, out *Arrived) error {
	if err := store.UseIdentity(ctx, tx, known.ID, store.Fit(who.Email, maxAddress), s.now()); err != nil {
		return err
	}
	if state.Purpose == toSignIn {
		account, err := store.AccountByID(ctx, tx, known.AccountID)
		if err != nil {
			return err
		}
		out.SignedIn, err = s.signIn(ctx, tx, SignIn{Account: account, Method: ByProvider, Level: levelOf(who), Transport: Cookie, ProvedAt: who.SignedInAt})
		return err
	}
	session, err := s.ownSession(ctx, tx)
	switch {
	case err != nil:
		return err
	case session.AccountID != known.AccountID:
		return errIdentityTaken()
	case state.Purpose == toLink:
		out.Linked = true
		return nil
	}
	factors, err := s.factorsOf(ctx, tx, session.AccountID)
	if err != nil {
		return err
	}
	if len(factors) > 0 && !who.TwoFactors {
		return errFactorRequired()
	}
	out.Fresh = true
	out.SignedIn, err = s.stepUp(ctx, tx, ByProvider, levelOf(who))
	return err
}
