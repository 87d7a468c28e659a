package rest

import (
	"net/http"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/pending"
	"app/modules/users/internal/session"
	"app/platform/identity"
)

// SignedInOutput is the answer of every operation that signs somebody in: 200 with
// tokens, or with a cookie for a browser; 202 with a ticket when a second factor has to
// be shown.
type SignedInOutput struct {
	Status       int
	CacheControl string `header:"Cache-Control"`
	SetCookie    string `header:"Set-Cookie"`
	Body         struct {
		Status       string         `json:"status" enum:"signed_in,second_factor_required" doc:"Whether there is a session now, or a second factor has to be shown first"`
		SessionID    string         `json:"session_id,omitempty" doc:"To be found in the list of sessions"`
		AccessToken  string         `json:"access_token,omitempty" doc:"For the header Authorization: Bearer …; not for a browser's session"`
		RefreshToken string         `json:"refresh_token,omitempty" doc:"For POST /v1/auth/refresh; not for a browser's session"`
		TokenType    string         `json:"token_type,omitempty" enum:"Bearer"`
		ExpiresIn    int            `json:"expires_in,omitempty" example:"900" doc:"Life of the access token, the browser's session or the ticket, in seconds"`
		Ticket       string         `json:"ticket,omitempty" doc:"Proves the first factor while the second is shown; good for five minutes and five tries"`
		Factors      []authn.Method `json:"factors,omitempty" doc:"Any one of them will do"`
	}
}

// transportOf is how a session is to be carried.
func transportOf(browser bool) authn.Transport {
	if browser {
		return authn.Cookie
	}
	return authn.Bearer
}

// signedIn renders the end of any way to sign in.
func signedIn(in session.SignedIn, err error) (*SignedInOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &SignedInOutput{Status: http.StatusOK, CacheControl: "no-store"}
	b := &out.Body
	b.Status, b.SessionID = "signed_in", in.Session.ID
	switch {
	case in.Ticket != "":
		out.Status, b.Status = http.StatusAccepted, "second_factor_required"
		b.Ticket, b.Factors, b.ExpiresIn = in.Ticket, in.Factors, int(pending.Life.Seconds())
	case in.Browser.Token != "":
		out.SetCookie = sessionSetCookie(in.Browser.Token, in.Browser.Expires)
		b.ExpiresIn = int(in.Browser.Expires.Sub(in.Session.CreatedAt).Seconds())
	default:
		b.AccessToken, b.RefreshToken = in.Tokens.Access, in.Tokens.Refresh
		b.TokenType, b.ExpiresIn = "Bearer", int(in.Tokens.ExpiresIn.Seconds())
	}
	return out, nil
}

// sessionSetCookie is the value of Set-Cookie that gives a browser its session, or
// takes it away when the token is empty.
func sessionSetCookie(token string, expires time.Time) string {
	c := http.Cookie{Name: identity.SessionCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if c.Expires = expires; token == "" {
		c.MaxAge = -1
	}
	return c.String()
}
