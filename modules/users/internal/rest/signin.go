package rest

import (
	"context"
	"net/http"
	"time"

	"app/modules/users/internal/registration"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/platform/identity"
	"app/platform/operation"
)

var authTag = []string{"Sign-in"}

func (h handlers) signIn(api *operation.API) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/register", ID: "register", Tags: authTag, Status: http.StatusAccepted,
		Access: operation.Public, Rate: operation.RateAuth, MaxBody: smallBody,
		Summary:     "Register an address",
		Description: "Sends a letter to the address: a code for POST /v1/auth/verify, or word that it has an account. The reply is the same either way.",
	}, h.registerUser)
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/verify", ID: "verify-address", Tags: authTag,
		Access: operation.Public, Rate: operation.RateAuth, MaxBody: smallBody,
		Summary: "Verify an address with the code from the letter",
		Description: "Makes the account, with the password and names of the registration that the code was sent for. The code alone is not enough, as the letter may be " +
			"of somebody else's registration: send along what register answered, or the password that it was given.",
	}, h.verifyRegistration)
	// Keys are not for these: a stored reply would keep tokens alive that the client
	// may have thrown away.
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/login", ID: "login", Tags: authTag, Idempotency: operation.KeyNone, Revokes: true,
		Access: operation.Public, Rate: operation.RateAuth, MaxBody: smallBody, Errors: []int{http.StatusUnauthorized},
		Summary: "Sign in with a password",
		Description: "Starts a session: an access token for the header Authorization, and a refresh token to get the next one with; with session: true a cookie " +
			"instead, which is new whatever the browser had before. 202 with a ticket when a second factor has to be shown first.",
	}, h.login)
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/refresh", ID: "refresh-tokens", Tags: authTag, Idempotency: operation.KeyNone, Revokes: true,
		Access: operation.Public, Rate: operation.RateDefault, MaxBody: smallBody, Errors: []int{http.StatusUnauthorized},
		Summary: "Exchange a refresh token",
		Description: "The token is exchanged for its successor and a fresh access token. A repetition within ten seconds gets the same successor; " +
			"later use of a token that was exchanged ends the session.",
	}, h.refreshTokens)
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/logout", ID: "logout", Tags: authTag, Idempotency: operation.KeyNone, Revokes: true,
		Access: operation.Optional, Lenient: true, Rate: operation.RateDefault, MaxBody: smallBody, Errors: []int{http.StatusUnauthorized},
		Summary: "Sign out",
		Description: "Ends the session of the refresh token, and that of the access token or cookie that the call is made with. What it had is refused from " +
			"now on: here at once, at other gateways within five seconds.",
	}, h.logout)
}

type registerInput struct {
	Body struct {
		Email      string `json:"email" example:"ada@example.com"`
		Password   string `json:"password" doc:"8 characters to 256 bytes, with upper and lower case, a digit and a special character; in some shops 12 characters of any kind instead; never a common one"`
		Confirm    string `json:"confirm_password" doc:"The same again"`
		FirstName  string `json:"first_name" doc:"1 to 100 characters"`
		MiddleName string `json:"middle_name,omitempty" doc:"At most 100 characters"`
		LastName   string `json:"last_name" doc:"1 to 100 characters"`
	}
}

type registerOutput struct {
	Body struct {
		Status       string `json:"status" enum:"accepted"`
		Registration string `json:"registration" doc:"Send it along to verify, or the password"`
	}
}

func (h handlers) registerUser(ctx context.Context, in *registerInput) (*registerOutput, error) {
	b := in.Body
	id, err := h.users().Registrations.Register(ctx, registration.Form{
		Email: b.Email, Password: b.Password, Confirm: b.Confirm, FirstName: b.FirstName, MiddleName: b.MiddleName, LastName: b.LastName,
	})
	if err != nil {
		return nil, err
	}
	out := &registerOutput{}
	out.Body.Status, out.Body.Registration = "accepted", id
	return out, nil
}

type verifyInput struct {
	Body struct {
		Email        string `json:"email" example:"ada@example.com"`
		Code         string `json:"code" example:"123456" doc:"Six digits"`
		Registration string `json:"registration,omitempty" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"What register answered; it or the password is needed"`
		Password     string `json:"password,omitempty" doc:"What the address was registered with; without registration, the newest time from this network"`
	}
}

func (h handlers) verifyRegistration(ctx context.Context, in *verifyInput) (*userOutput, error) {
	b := in.Body
	return taggedUserOutput(h.users().Registrations.Verify(ctx, registration.Proof{Email: b.Email, Code: b.Code, Registration: b.Registration, Password: b.Password}))
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" example:"ada@example.com"`
		Password string `json:"password"`
		Session  bool   `json:"session,omitempty" doc:"Start a browser's session: the reply sets a cookie instead of telling tokens"`
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

func tokensOf(t session.Tokens, err error) (*tokensOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &tokensOutput{CacheControl: "no-store"}
	out.Body.AccessToken, out.Body.RefreshToken = t.Access, t.Refresh
	out.Body.TokenType, out.Body.ExpiresIn = "Bearer", int(t.ExpiresIn.Seconds())
	return out, nil
}

func (h handlers) login(ctx context.Context, in *loginInput) (*SignedInOutput, error) {
	return signedIn(h.users().SignIns.SignInWithPassword(ctx, signin.Credentials{Email: in.Body.Email, Password: in.Body.Password, Transport: transportOf(in.Body.Session)}))
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token"`
	}
}

func (h handlers) refreshTokens(ctx context.Context, in *refreshInput) (*tokensOutput, error) {
	return tokensOf(h.users().Sessions.Refresh(ctx, in.Body.RefreshToken))
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

func (h handlers) logout(ctx context.Context, in *logoutInput) (*LogoutOutput, error) {
	presented := ""
	if in.Body != nil {
		presented = in.Body.RefreshToken
	}
	if err := h.users().Sessions.Logout(ctx, presented); err != nil {
		return nil, err
	}
	out := &LogoutOutput{}
	if identity.FromContext(ctx).Method == identity.Session {
		out.SetCookie = sessionSetCookie("", time.Unix(1, 0))
	}
	return out, nil
}
