package rest

import (
	"context"
	"net/http"
	"time"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/session"
	"app/modules/users/internal/signin"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/operation"
	"app/platform/problem"
)

// Cookies of a browser's journey to a provider and back. They live for ten minutes.
const (
	journeyCookie = "__Host-souk-journey"
	linkCookie    = "__Host-souk-link"
)

// journeyHeaders: the cookie binds the answer to the browser.
var journeyHeaders = []string{"Cookie"}

const linkPagePath = "/v1/auth/links/page"

func (h handlers) registerProviderRoutes(api *operation.API) {
	for _, at := range []struct{ path, suffix, provider string }{
		{"/v1/auth/google", "google", "google"}, {"/v1/auth/oidc/{provider}", "provider", ""},
	} {
		leave := operation.Operation{
			Method: http.MethodGet, Path: at.path, ID: "sign-in-at-" + at.suffix, Tags: authTag, Access: operation.Optional, Lenient: true, Rate: operation.RateAuth,
			Headers: journeyHeaders, Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
			Summary: "Sign in at a provider of OpenID Connect",
			Description: "Sends the browser to the provider (303). Query: return_to, a path of this site or an address that is configured; " +
				"link=1 to link the identity to the account that is signed in, which needs a fresh session; step_up=1 to make the session fresh, for which the provider has you sign in again and has to say so.",
		}
		api.Raw(leave, h.redirectToProvider(at.provider))
		back := leave
		back.Path, back.ID, back.Revokes = at.path+"/callback", "return-from-"+at.suffix, true
		back.Summary, back.Description = "Come back from the provider", "Ends in a cookie and a redirect, or in a page that says what is missing."
		api.Raw(back, h.handleProviderCallback(at.provider))
	}
	h.registerLinkRoutes(api)
}

// providerOf is the provider of an operation that is for one, else the path's.
func providerOf(fixed string, r *http.Request) string {
	if fixed != "" {
		return fixed
	}
	return r.PathValue("provider")
}

func (h handlers) redirectToProvider(fixed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		in := federation.Request{Provider: providerOf(fixed, r), ReturnTo: query.Get("return_to"), Browser: cookieOf(r, journeyCookie)}
		switch {
		case query.Get("link") == "1":
			in.Purpose = "link"
		case query.Get("step_up") == "1":
			in.Purpose = "step_up"
		}
		to, err := h.users().Federation.Begin(r.Context(), in)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		w.Header().Set("Set-Cookie", signInFlowCookie(journeyCookie, to.Browser))
		redirectWithoutReferrer(w, to.URL)
	}
}

// redirectWithoutReferrer sends the browser on without a word about where it comes
// from.
func redirectWithoutReferrer(w http.ResponseWriter, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

func cookieOf(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// signInFlowCookie is a cookie for a journey. Lax, because the way back is a navigation
// from another site.
func signInFlowCookie(name, value string) string {
	c := http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int((10 * time.Minute).Seconds())}
	if value == "" {
		c.MaxAge = -1
	}
	return c.String()
}

func (h handlers) handleProviderCallback(fixed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		out, err := h.users().SignIns.FinishProvider(r.Context(), federation.Callback{
			Provider: providerOf(fixed, r), State: query.Get("state"), Code: query.Get("code"), Issuer: query.Get("iss"),
			Error: query.Get("error"), Browser: cookieOf(r, journeyCookie),
		})
		again := page{Title: "You are not signed in", Text: "Go back to the shop and try again, or sign in another way."}
		switch {
		case err != nil:
			again.showError(w, r, err)
		case out.Link != "":
			w.Header().Add("Set-Cookie", signInFlowCookie(linkCookie, out.Link))
			linkPage(out.Email).writeResponse(w, http.StatusOK)
		case out.Linked:
			redirectWithoutReferrer(w, out.ReturnTo)
		default:
			h.signedInPage(w, r, again, out.SignedIn, nil, out.ReturnTo)
		}
	}
}

func (h handlers) registerLinkRoutes(api *operation.API) {
	confirm := operation.Operation{
		Method: http.MethodPost, Path: "/v1/auth/links/confirm", ID: "confirm-link", Tags: authTag, Access: operation.User, Rate: operation.RateAuth,
		Headers: journeyHeaders, MaxBody: smallBody, Idempotency: operation.KeyNone, Errors: []int{http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity},
		Summary: "Link the identity of a provider to one's own account",
		Description: "After a sign-in at a provider whose address has an account: sign in to that account by any way there was before, then confirm. Needs a fresh session. " +
			"The browser has the link in a cookie.",
	}
	operation.Register(api, confirm, h.confirmLink)
	use := confirm
	use.Path, use.ID, use.Access, use.Lenient, use.Headers, use.Errors = linkPagePath, "use-link-page", operation.Optional, true, append([]string{"Cookie"}, pageHeaders...), nil
	use.Idempotency, use.Revokes = "", true
	use.Summary, use.Description = "Sign in and link the identity of a provider", "What the form of the page sends, form-encoded."
	use.Form = []operation.FormField{{Name: "password", Doc: "Of the account with the address", Required: true}}
	api.Raw(use, http.HandlerFunc(h.useLinkPage))

	own := operation.Operation{Method: http.MethodGet, Tags: usersTag, Access: operation.User, Rate: operation.RateDefault}
	operation.Register(api, operationAt(own, "/v1/users/me/identities", "list-identities", "List one's own identities at providers"), h.listIdentities)
	own.Method, own.Errors = http.MethodDelete, []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	own.Description = "Needs a fresh session. The last way to sign in stays."
	operation.Register(api, operationAt(own, "/v1/users/me/identities/{id}", "unlink-identity", "Unlink one of one's own identities"), h.unlinkIdentity)
}

// linkPage asks the owner of an account to say that an identity is theirs.
func linkPage(email string) page {
	return page{
		Title: "There is an account with this address", Action: linkPagePath, Button: "Connect",
		Text:   "To sign in to the account of " + email + " with this provider from now on, type the account's password.",
		Fields: []field{{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"}},
	}
}

func (h handlers) useLinkPage(w http.ResponseWriter, r *http.Request) {
	if err := h.parseSameSiteForm(r); err != nil {
		problem.Write(w, r, err)
		return
	}
	link := cookieOf(r, linkCookie)
	email, err := h.users().Federation.LinkedAddress(r.Context(), link)
	if err != nil {
		page{Title: "You are not signed in"}.showError(w, r, err)
		return
	}
	in, err := h.users().SignIns.SignInWithPassword(r.Context(), signin.Credentials{Email: email, Password: r.PostForm.Get("password"), Transport: authn.Cookie})
	switch {
	case err != nil:
		linkPage(email).showError(w, r, err)
	case in.Ticket != "":
		factorPage(in.Ticket, "/").writeResponse(w, http.StatusOK)
	default:
		h.linkAs(w, r, in, link)
	}
}

// linkAs links the identity of the token to the account that has just been signed in to
// in the browser.
func (h handlers) linkAs(w http.ResponseWriter, r *http.Request, in session.SignedIn, link string) {
	ctx := identity.NewContext(r.Context(), identity.Principal{UserID: in.Session.AccountID, SessionID: in.Session.ID, Method: identity.Session})
	_, to, err := h.users().Federation.ConfirmLink(ctx, link)
	w.Header().Add("Set-Cookie", sessionSetCookie(in.Browser.Token, in.Browser.Expires))
	w.Header().Add("Set-Cookie", signInFlowCookie(linkCookie, ""))
	if err != nil {
		page{Title: "You are signed in, but nothing was connected"}.showError(w, r, err)
		return
	}
	redirectWithoutReferrer(w, to)
}

// Identity is an identity at a provider as its owner sees it.
type Identity struct {
	ID        string    `json:"id" example:"idn_01kan4v6e8fx2s1gq0vj5t3x7c"`
	Provider  string    `json:"provider" example:"google"`
	Issuer    string    `json:"issuer" example:"https://accounts.google.com"`
	Email     string    `json:"email" doc:"As the provider said last"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"`
}

type linkInput struct {
	Cookie string `header:"Cookie" doc:"The browser's; it holds the link"`
	Body   *struct {
		Link string `json:"link,omitempty" doc:"For clients that keep no cookies"`
	}
}

type identityOutput struct {
	SetCookie string `header:"Set-Cookie"`
	Body      Identity
}

func (h handlers) confirmLink(ctx context.Context, in *linkInput) (*identityOutput, error) {
	link := cookieOf(&http.Request{Header: http.Header{"Cookie": {in.Cookie}}}, linkCookie)
	if in.Body != nil && in.Body.Link != "" {
		link = in.Body.Link
	}
	i, _, err := h.users().Federation.ConfirmLink(ctx, link)
	if err != nil {
		return nil, err
	}
	return &identityOutput{SetCookie: signInFlowCookie(linkCookie, ""), Body: Identity{i.ID, i.Provider, i.Issuer, i.Email, i.CreatedAt, i.UsedAt}}, nil
}

type identitiesOutput struct {
	Body operation.Page[Identity]
}

func (h handlers) listIdentities(ctx context.Context, _ *struct{}) (*identitiesOutput, error) {
	linked, err := h.users().Federation.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &identitiesOutput{Body: operation.Page[Identity]{Data: make([]Identity, len(linked))}}
	for n, i := range linked {
		out.Body.Data[n] = Identity{i.ID, i.Provider, i.Issuer, i.Email, i.CreatedAt, i.UsedAt}
	}
	return out, nil
}

type identityInput struct {
	ID string `path:"id" example:"idn_01kan4v6e8fx2s1gq0vj5t3x7c"`
}

func (h handlers) unlinkIdentity(ctx context.Context, in *identityInput) (*struct{}, error) {
	if !ids.Valid("idn", in.ID) {
		return nil, fault.Missing("identity")
	}
	return nil, h.users().Federation.Unlink(ctx, in.ID)
}
