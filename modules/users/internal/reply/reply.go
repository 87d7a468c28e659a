// Package reply is the replies that the operations of several subjects have in common.
package reply

import (
	"net/http"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/pending"
	"app/modules/users/internal/session"
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

// SignedIn renders the end of any way to sign in.
func SignedIn(in session.SignedIn, err error) (*SignedInOutput, error) {
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
		out.SetCookie = in.Browser.Header()
		b.ExpiresIn = int(in.Browser.Expires.Sub(in.Session.CreatedAt).Seconds())
	default:
		b.AccessToken, b.RefreshToken = in.Tokens.Access, in.Tokens.Refresh
		b.TokenType, b.ExpiresIn = "Bearer", int(in.Tokens.ExpiresIn.Seconds())
	}
	return out, nil
}

// FreshOutput is the answer when somebody who is signed in has shown it again. A
// browser's cookie is renewed with it.
type FreshOutput struct {
	CacheControl string `header:"Cache-Control"`
	SetCookie    string `header:"Set-Cookie"`
	Body         struct {
		Status    string `json:"status" enum:"fresh"`
		ExpiresIn int    `json:"expires_in" example:"600" doc:"For how many seconds this counts as a recent sign-in"`
	}
}

// Fresh renders the end of any way to show once more who one is.
func Fresh(in session.SignedIn, err error) (*FreshOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &FreshOutput{CacheControl: "no-store", SetCookie: in.Browser.Header()}
	out.Body.Status, out.Body.ExpiresIn = "fresh", int(session.FreshFor.Seconds())
	return out, nil
}
