package federation

import (
	"net/http"
	"time"

	"app/modules/users/internal/page"
	"app/modules/users/internal/route"
	"app/platform/operation"
	"app/platform/problem"
)

// Handlers answer the operations on providers and identities.
type Handlers struct{ Federation *Service }

// Register declares the operations. at is where their handlers lie once the module is
// open.
func Register(api *operation.API, at *Handlers) {
	for _, through := range ProviderRoutes {
		api.Raw(through.Begin(), operation.RawOn(at, func(h Handlers, w http.ResponseWriter, r *http.Request) {
			h.redirectToProvider(w, r, through.Provider(r))
		}))
	}
	registerIdentities(api, at)
}

// ProviderRoute is a way to a provider and back: Google has one of its own, the others
// have one together.
type ProviderRoute struct {
	path, suffix string
	provider     string // empty: the path names it
}

// ProviderRoutes are all of them.
var ProviderRoutes = []ProviderRoute{{"/v1/auth/google", "google", "google"}, {"/v1/auth/oidc/{provider}", "provider", ""}}

// Begin is the operation that sends a browser to the provider.
func (p ProviderRoute) Begin() operation.Operation {
	return operation.Operation{
		Method: http.MethodGet, Path: p.path, ID: "sign-in-at-" + p.suffix, Tags: route.SignIn,
		Access: operation.Optional, Lenient: true, Rate: operation.RateAuth,
		Headers: boundToBrowser, Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
		Summary: "Sign in at a provider of OpenID Connect",
		Description: "Sends the browser to the provider (303). Query: return_to, a path of this site or an address that is configured; " +
			"link=1 to link the identity to the account that is signed in, which needs a recent sign-in; " +
			"step_up=1 for a step-up of the session, for which the provider has you sign in again and has to say so.",
	}
}

// Callback is the operation that the provider sends the browser back to.
func (p ProviderRoute) Callback() operation.Operation {
	back := p.Begin()
	back.Path, back.ID, back.Revokes = p.path+"/callback", "return-from-"+p.suffix, true
	back.Summary, back.Description = "Come back from the provider", "Ends in a cookie and a redirect, or in a page that says what is missing."
	return back
}

// Provider is the name of the provider that a request is about.
func (p ProviderRoute) Provider(r *http.Request) string {
	if p.provider != "" {
		return p.provider
	}
	return r.PathValue("provider")
}

// redirectToProvider begins a sign-in, a link or a step-up at the provider.
func (h Handlers) redirectToProvider(w http.ResponseWriter, r *http.Request, provider string) {
	query := r.URL.Query()
	in := Request{Provider: provider, ReturnTo: query.Get("return_to"), Browser: page.Cookie(r, StateCookie)}
	switch {
	case query.Get("link") == "1":
		in.Purpose = "link"
	case query.Get("step_up") == "1":
		in.Purpose = "step_up"
	}
	to, err := h.Federation.Begin(r.Context(), in)
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	w.Header().Set("Set-Cookie", SetCookie(StateCookie, to.Browser))
	page.Redirect(w, to.URL)
}

// Cookies of a browser's way to a provider and back. They live for ten minutes.
const (
	StateCookie = "__Host-souk-journey"
	LinkCookie  = "__Host-souk-link"
)

// boundToBrowser are the request headers that bind a provider's answer to the browser.
var boundToBrowser = []string{"Cookie"}

// SetCookie is the value of Set-Cookie for the way to a provider and back; an empty value
// takes the cookie away. It is Lax, because the way back is a navigation from another
// site.
func SetCookie(name, value string) string {
	c := http.Cookie{
		Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int((10 * time.Minute).Seconds()),
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c.String()
}
