// Package oauth is the token endpoint of OAuth 2 (RFC 6749), for clients that expect one:
// the password grant (section 4.3), as FastAPI and its clients have it, and the refresh
// grant (section 6). The shop's own operations do the same in JSON.
package oauth

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/route"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/platform/fault"
	"app/platform/operation"
	"app/platform/problem"
)

// Handlers answer the token endpoint.
type Handlers struct {
	SignIns  *signin.Service
	Sessions *session.Service
	// PasswordGrant means that it takes passwords.
	PasswordGrant bool
}

// Register declares the operation. at is where its handlers lie once the module is open.
func Register(api *operation.API, at *Handlers) {
	api.Raw(operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/token", ID: "get-token", Tags: route.SignIn, Revokes: true,
		Access: operation.Public, Rate: operation.RateAuth, MaxBody: route.SmallBody, Headers: []string{"Authorization"},
		Summary: "Get tokens by a grant of OAuth 2",
		Description: "Errors are those of RFC 6749 section 5.2. There are no clients to register: client_id, client_secret and the header Authorization are " +
			"taken and mean nothing. The password grant is off unless the shop has switched it on (USERS_PASSWORD_GRANT), and its error is unsupported_grant_type: " +
			"POST /v1/auth/login does the same. Where a second factor is needed the error is mfa_required, with the ticket for POST /v1/auth/second-factor in mfa_token.",
		Errors: []int{http.StatusBadRequest, http.StatusForbidden},
		Form: []operation.FormField{
			{Name: "grant_type", Doc: "refresh_token, or password where that is on", Required: true},
			{Name: "username", Doc: "For password: the e-mail address"},
			{Name: "password", Doc: "For password"},
			{Name: "refresh_token", Doc: "For refresh_token"},
			{Name: "scope", Doc: "Taken, and means nothing: a token has the rights of its user"},
			{Name: "client_id", Doc: "Taken, and means nothing"},
			{Name: "client_secret", Doc: "Taken, and means nothing"},
		},
		Reply: oAuthTokens{},
	}, operation.RawOn(at, Handlers.serveTokenEndpoint))
}

// oAuthTokens is the answer of RFC 6749 section 5.1, under the name of its schema.
type oAuthTokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type" enum:"bearer"`
	ExpiresIn    int    `json:"expires_in" example:"900" doc:"Life of the access token in seconds"`
	RefreshToken string `json:"refresh_token"`
}

// oauthError is the answer of RFC 6749 section 5.2.
type oauthError struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Ticket      string `json:"mfa_token,omitempty"`
}

func badRequest(code, description string) *oauthError {
	return &oauthError{status: http.StatusBadRequest, Code: code, Description: description}
}

func (h Handlers) serveTokenEndpoint(w http.ResponseWriter, r *http.Request) {
	form, refusal, err := tokenForm(r)
	var out *oAuthTokens
	if err == nil && refusal == nil {
		out, refusal, err = h.grantTokens(r, form)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache") // RFC 6749 section 5.1
	switch {
	case err != nil:
		problem.Write(w, r, err)
	case refusal != nil:
		writeJSON(w, refusal.status, refusal)
	default:
		writeJSON(w, http.StatusOK, out)
	}
}

// grantTokens makes tokens of what the form holds, or says why not.
func (h Handlers) grantTokens(r *http.Request, form url.Values) (*oAuthTokens, *oauthError, error) {
	var in session.SignedIn
	var err error
	switch form.Get("grant_type") {
	case "password":
		if !h.PasswordGrant {
			return nil, badRequest("unsupported_grant_type", "The password grant is off in this shop: sign in with POST /v1/auth/login."), nil
		}
		if !form.Has("username") || !form.Has("password") {
			return nil, badRequest("invalid_request", "The password grant needs username and password."), nil
		}
		in, err = h.SignIns.SignInWithPassword(r.Context(), signin.Credentials{
			Email: form.Get("username"), Password: form.Get("password"), Transport: authn.Bearer,
		})
	case "refresh_token":
		if !form.Has("refresh_token") {
			return nil, badRequest("invalid_request", "The refresh grant needs refresh_token."), nil
		}
		in.Tokens, err = h.Sessions.Refresh(r.Context(), form.Get("refresh_token"))
	case "":
		return nil, badRequest("invalid_request", "grant_type is missing."), nil
	default:
		return nil, badRequest("unsupported_grant_type", "The grants are password and refresh_token."), nil
	}
	var verdict *fault.Error
	switch {
	case errors.As(err, &verdict) && verdict.Code == fault.Unauthenticated:
		return nil, badRequest("invalid_grant", verdict.Detail), nil
	case err != nil:
		return nil, nil, err
	case in.Ticket != "":
		return nil, &oauthError{status: http.StatusForbidden, Code: "mfa_required", Description: "A second factor is needed.", Ticket: in.Ticket}, nil
	}
	return &oAuthTokens{
		AccessToken: in.Tokens.Access, TokenType: "bearer", ExpiresIn: int(in.Tokens.ExpiresIn.Seconds()), RefreshToken: in.Tokens.Refresh,
	}, nil, nil
}

// tokenForm reads the body. A parameter that comes twice makes a request invalid (RFC
// 6749 section 3.2); one without a value counts as left out.
func tokenForm(r *http.Request) (url.Values, *oauthError, error) {
	body, err := operation.ReadBody(r)
	if err != nil {
		return nil, nil, err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, badRequest("invalid_request", "The body must be application/x-www-form-urlencoded."), nil //nolint:nilerr // that is the answer
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badRequest("invalid_request", "The body cannot be read."), nil //nolint:nilerr // that is the answer
	}
	for name, values := range form {
		switch {
		case len(values) > 1:
			return nil, badRequest("invalid_request", "A parameter is there twice."), nil
		case !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0):
			return nil, badRequest("invalid_request", "A parameter is not text."), nil
		case values[0] == "":
			delete(form, name)
		}
	}
	return form, nil, nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone is nobody's concern
}
