package signin

import (
	"net/http"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/page"
	"app/modules/users/internal/session"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/problem"
)

func registerProviders(api *operation.API, at *Handlers) {
	for _, through := range federation.ProviderRoutes {
		api.Raw(through.Callback(), operation.RawOn(at, func(h Handlers, w http.ResponseWriter, r *http.Request) {
			h.finishProvider(w, r, through.Provider(r))
		}))
	}
	use := federation.ConfirmLinkOperation()
	use.Path, use.ID, use.Access, use.Lenient, use.Errors = linkPagePath, "use-link-page", operation.Optional, true, nil
	use.Headers = append([]string{"Cookie"}, page.OriginHeaders...)
	use.Idempotency, use.Revokes = "", true
	use.Summary, use.Description = "Sign in and link the identity of a provider", "What the form of the page sends, form-encoded."
	use.Form = []operation.FormField{{Name: "password", Doc: "Of the account with the address", Required: true}}
	api.Raw(use, operation.RawOn(at, Handlers.useLinkPage))
}

// finishProvider ends what sending the browser to the provider began.
func (h Handlers) finishProvider(w http.ResponseWriter, r *http.Request, provider string) {
	query := r.URL.Query()
	out, err := h.SignIns.FinishProvider(r.Context(), federation.Callback{
		Provider: provider, State: query.Get("state"), Code: query.Get("code"), Issuer: query.Get("iss"),
		Error: query.Get("error"), Browser: page.Cookie(r, federation.StateCookie),
	})
	again := page.Page{Title: "You are not signed in", Text: "Go back to the shop and try again, or sign in another way."}
	switch {
	case err != nil:
		again.ShowError(w, r, err)
	case out.Link != "":
		w.Header().Add("Set-Cookie", federation.SetCookie(federation.LinkCookie, out.Link))
		linkPage(out.Email).Write(w, http.StatusOK)
	case out.Linked:
		page.Redirect(w, out.ReturnTo)
	default:
		h.ShowEnd(w, r, End{From: again, SignedIn: out.SignedIn, ReturnTo: out.ReturnTo})
	}
}

// linkPagePath is where the form of linkPage is posted.
const linkPagePath = "/v1/auth/links/page"

// linkPage asks the owner of an account to say that an identity is theirs.
func linkPage(email string) page.Page {
	return page.Page{
		Title: "There is an account with this address", Action: linkPagePath, Button: "Connect",
		Text:   "To sign in to the account of " + email + " with this provider from now on, type the account's password.",
		Fields: []page.Field{{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"}},
	}
}

func (h Handlers) useLinkPage(w http.ResponseWriter, r *http.Request) {
	if err := page.ParseForm(r, h.Origin); err != nil {
		problem.Write(w, r, err)
		return
	}
	link := page.Cookie(r, federation.LinkCookie)
	email, err := h.SignIns.federation.LinkedAddress(r.Context(), link)
	if err != nil {
		page.Page{Title: "You are not signed in"}.ShowError(w, r, err)
		return
	}
	in, err := h.SignIns.SignInWithPassword(r.Context(), Credentials{
		Email: email, Password: r.PostForm.Get("password"), Transport: authn.Cookie,
	})
	switch {
	case err != nil:
		linkPage(email).ShowError(w, r, err)
	case in.Ticket != "":
		factorPage(in.Ticket, "/").Write(w, http.StatusOK)
	default:
		h.linkAs(w, r, in, link)
	}
}

// linkAs links the identity of the token to the account that has just been signed in to
// in the browser.
func (h Handlers) linkAs(w http.ResponseWriter, r *http.Request, in session.SignedIn, link string) {
	ctx := identity.NewContext(r.Context(), identity.Principal{
		UserID: in.Session.AccountID, SessionID: in.Session.ID, Method: identity.Session,
	})
	_, to, err := h.SignIns.federation.ConfirmLink(ctx, link)
	w.Header().Add("Set-Cookie", in.Browser.Header())
	w.Header().Add("Set-Cookie", federation.SetCookie(federation.LinkCookie, ""))
	if err != nil {
		page.Page{Title: "You are signed in, but nothing was connected"}.ShowError(w, r, err)
		return
	}
	page.Redirect(w, to)
}
