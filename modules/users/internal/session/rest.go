package session

import (
	"context"
	"net/http"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/route"
	"app/platform/identity"
	"app/platform/operation"
)

// Handlers answer the operations on one's own sessions.
type Handlers struct{ Sessions *Service }

// Register declares the operations. at is where their handlers lie once the module is
// open.
func Register(api *operation.API, at *Handlers) {
	// Keys are not for these: a stored reply would keep tokens alive that the client
	// may have thrown away.
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/refresh", ID: "refresh-tokens", Tags: route.SignIn, Idempotency: operation.KeyNone,
		Revokes: true,
		Access:  operation.Public, Rate: operation.RateDefault, MaxBody: route.SmallBody, Errors: []int{http.StatusUnauthorized},
		Summary: "Exchange a refresh token",
		Description: "The token is exchanged for its successor and a new access token. A repetition within ten seconds gets the same successor; " +
			"later use of a token that was exchanged ends the session.",
	}, operation.On(at, Handlers.refreshTokens))
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/logout", ID: "logout", Tags: route.SignIn, Idempotency: operation.KeyNone,
		Revokes: true,
		Access:  operation.Optional, Lenient: true, Rate: operation.RateDefault, MaxBody: route.SmallBody, Errors: []int{http.StatusUnauthorized},
		Summary: "Sign out",
		Description: "Ends the session of the refresh token, and that of the access token or cookie that the call is made with. What it had is refused from " +
			"now on: here at once, at other gateways within five seconds.",
	}, operation.On(at, Handlers.logout))
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/auth/sessions", ID: "list-sessions", Tags: route.SignIn,
		Access: operation.User, Rate: operation.RateDefault,
		Summary: "List one's own sessions", Description: "Those that have not ended, the newest first.",
	}, operation.On(at, Handlers.listSessions))
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/auth/sessions/{id}", ID: "end-session", Tags: route.SignIn,
		Access: operation.User, Rate: operation.RateDefault, Revokes: true, Errors: []int{http.StatusForbidden, http.StatusNotFound},
		Summary:     "End one of one's own sessions",
		Description: "Any but the one that the call is made with needs a recent sign-in. Its tokens and its cookie are refused from now on: here at once, at other gateways within five seconds.",
	}, operation.On(at, Handlers.endSession))
	operation.Register(api, operation.Operation{
		Method: http.MethodDelete, Path: "/v1/auth/sessions", ID: "end-other-sessions", Tags: route.SignIn,
		Access: operation.User, Rate: operation.RateDefault, Revokes: true, Errors: []int{http.StatusForbidden},
		Summary:     "End all of one's own sessions but this",
		Description: "Needs a recent sign-in. Everywhere else is signed out; the session that the call is made with goes on. To end that one, too, sign out afterwards.",
	}, operation.On(at, Handlers.endOtherSessions))
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token"`
	}
}

// tokensOutput is the answer of RFC 6749 section 5.1, which must not be cached.
type tokensOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		AccessToken  string `json:"access_token" doc:"For the header Authorization: Bearer …"`
		RefreshToken string `json:"refresh_token"`
		TokenType    string `json:"token_type" enum:"Bearer"`
		ExpiresIn    int    `json:"expires_in" example:"900" doc:"Life of the access token in seconds"`
	}
}

func tokensOf(t Tokens, err error) (*tokensOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &tokensOutput{CacheControl: "no-store"}
	out.Body.AccessToken, out.Body.RefreshToken = t.Access, t.Refresh
	out.Body.TokenType, out.Body.ExpiresIn = "Bearer", int(t.ExpiresIn.Seconds())
	return out, nil
}

func (h Handlers) refreshTokens(ctx context.Context, in *refreshInput) (*tokensOutput, error) {
	return tokensOf(h.Sessions.Refresh(ctx, in.Body.RefreshToken))
}

type logoutInput struct {
	Body *logoutBody
}

type logoutBody struct {
	RefreshToken string `json:"refresh_token,omitempty" doc:"Ends the session of this token, even when the access token has run out"`
}

// LogoutOutput takes the cookie out of a browser.
type LogoutOutput struct {
	SetCookie string `header:"Set-Cookie"`
}

func (h Handlers) logout(ctx context.Context, in *logoutInput) (*LogoutOutput, error) {
	presented := ""
	if in.Body != nil {
		presented = in.Body.RefreshToken
	}
	if err := h.Sessions.Logout(ctx, presented); err != nil {
		return nil, err
	}
	out := &LogoutOutput{}
	if identity.FromContext(ctx).Method == identity.Session {
		out.SetCookie = authn.RemoveCookie()
	}
	return out, nil
}
