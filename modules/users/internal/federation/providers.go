package federation

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"app/modules/users/internal/openid"
	"app/modules/users/internal/reason"
	"app/modules/users/internal/secret"
	"app/modules/users/internal/session"
	"app/modules/users/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
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

func errProviderDown(cause error) error {
	f := reason.ProviderUnavailable.New().Because(cause)
	f.RetryAfter = 5 * time.Second
	return f
}

// Request is a browser to be sent to a provider.
type Request struct {
	Provider string
	Purpose  string // "sign_in" when empty; "link" and "step_up" need a session
	ReturnTo string // see Service.ReturnTo
	Browser  string // the cookie that the browser has from an earlier departure, if any
}

// Redirect is where to, and the cookie that the browser has to bring back.
type Redirect struct {
	URL     string
	Browser string
}

// Begin sends a browser to a provider, with a state of its own that is good for ten
// minutes, for one answer and in this browser only. Nonce and PKCE verifier follow from
// the state and a secret of ours. Errors: provider_not_found; Unavailable when the
// provider cannot be reached; step_up_required and Unauthenticated for linking.
func (s *Service) Begin(ctx context.Context, in Request) (Redirect, error) {
	provider, ok := s.providers[in.Provider]
	if !ok {
		return Redirect{}, fault.ProviderNotFound.New()
	}
	state := secret.NewToken("")
	to, err := provider.Authorize(ctx, openid.Request{
		State: state, Nonce: s.nonceOf(state), Verifier: s.verifierOf(state), Anew: in.Purpose == ToProve,
	})
	if err != nil {
		return Redirect{}, errProviderDown(err)
	}
	browser := in.Browser
	if len(browser) != len(state) {
		browser = secret.NewToken("")
	}
	now := s.now()
	row := State{
		Hash: secret.HashToken(state), Provider: in.Provider, Purpose: ToSignIn, Browser: secret.HashToken(browser), ReturnTo: s.ReturnTo(in.ReturnTo),
		CreatedAt: now, ExpiresAt: now.Add(stateLife),
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if row.Purpose, row.SessionID, err = s.checkPurpose(ctx, tx, in.Purpose); err != nil {
			return err
		}
		return addState(ctx, tx, row)
	})
	return Redirect{URL: to, Browser: browser}, err
}

// checkPurpose checks that somebody who wants to link or to prove something is signed
// in; for linking freshly.
func (s *Service) checkPurpose(ctx context.Context, tx *database.Tx, wanted string) (purpose, current string, err error) {
	var own session.Session
	switch wanted {
	case ToLink:
		own, err = s.sessions.RequireRecent(ctx, tx)
	case ToProve:
		own, err = s.sessions.Own(ctx, tx)
	default:
		return ToSignIn, "", nil
	}
	return wanted, own.ID, err
}

func (s *Service) nonceOf(state string) string {
	return s.secret.Hash("nonce", state)
}

func (s *Service) verifierOf(state string) string {
	return base64.RawURLEncoding.EncodeToString(s.secret.Derive("pkce", state))
}

// Callback is what a browser brings back from a provider.
type Callback struct {
	Provider string
	State    string
	Code     string
	Issuer   string // the parameter iss
	Error    string // the parameter error
	Browser  string // the cookie
}

// Redeem uses up the state that Begin made and asks the provider whose the answer is.
//
//  1. The state is used up, whatever comes of it: in the browser that it was made for,
//     by the provider that it was made for, once.
//  2. The provider's answer is checked in full (openid.Client.Redeem); no transaction
//     is open meanwhile.
//
// Errors: provider_not_found; sign_in_over; sign_in_cancelled; sign_in_refused for an
// answer that is not valid; Unavailable.
func (s *Service) Redeem(ctx context.Context, in Callback) (State, openid.Identity, error) {
	provider, ok := s.providers[in.Provider]
	if !ok {
		return State{}, openid.Identity{}, fault.ProviderNotFound.New()
	}
	state, err := s.spendState(ctx, in)
	if err != nil {
		return State{}, openid.Identity{}, err
	}
	if in.Error != "" || in.Code == "" {
		return State{}, openid.Identity{}, reason.SignInCancelled.New()
	}
	who, err := provider.Redeem(ctx, openid.Answer{
		Code: in.Code, Issuer: in.Issuer, Nonce: s.nonceOf(in.State), Verifier: s.verifierOf(in.State),
	})
	switch {
	case errors.Is(err, openid.ErrRefused):
		s.logger.WarnContext(ctx, "provider's answer refused", "provider", in.Provider, "error", err.Error())
		return State{}, openid.Identity{}, reason.SignInRefused.New().Because(err)
	case err != nil:
		return State{}, openid.Identity{}, errProviderDown(err)
	}
	return state, who, nil
}

// spendState uses the state up.
func (s *Service) spendState(ctx context.Context, in Callback) (state State, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		state, err = findState(ctx, tx, secret.HashToken(in.State))
		if err == nil {
			err = useState(ctx, tx, state.Hash, s.now())
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrChanged):
		return State{}, reason.SignInOver.New()
	case err != nil:
		return State{}, err
	case state.Browser != secret.HashToken(in.Browser), state.Provider != in.Provider,
		state.SessionID != "" && state.SessionID != identity.FromContext(ctx).SessionID:
		return State{}, reason.SignInOver.New()
	}
	return state, nil
}
