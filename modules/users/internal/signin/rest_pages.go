package signin

import (
	"net/http"
	"strings"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/federation"
	"app/modules/users/internal/page"
	"app/modules/users/internal/route"
	"app/modules/users/internal/session"
	"app/platform/operation"
	"app/platform/problem"
)

// registerPages declares the page that asks for the second factor of a sign-in which was
// begun in the browser.
func registerPages(api *operation.API, at *Handlers) {
	use := operation.Operation{
		Method: http.MethodPost, Path: factorPath, ID: "use-second-factor-page", Tags: route.SignIn,
		Access: operation.Public, Rate: operation.RateAuth, Headers: append([]string{"Cookie"}, page.OriginHeaders...), MaxBody: route.SmallBody,
		Revokes: true, Also: []int{http.StatusSeeOther}, Errors: []int{http.StatusUnprocessableEntity},
		Summary:     "Show the second factor of a sign-in made in the browser",
		Description: "What the form of the page sends, form-encoded.",
		Form: []operation.FormField{
			{Name: "ticket", Doc: "What the first step answered", Required: true},
			{Name: "code", Doc: "Of the authenticator app, or a recovery code", Required: true},
			{Name: "return_to", Doc: "Where to go then"},
		},
	}
	api.Raw(use, operation.RawOn(at, Handlers.useFactorPage))
}

// End is how a sign-in ended that was made in the browser, on the page From.
type End struct {
	From     page.Page
	SignedIn session.SignedIn
	Err      error
	ReturnTo string
}

// ShowEnd shows it: with the session's cookie and a redirect, or with the form for the
// second factor, or with the page again.
func (Handlers) ShowEnd(w http.ResponseWriter, r *http.Request, end End) {
	switch {
	case end.Err != nil:
		end.From.ShowError(w, r, end.Err)
	case end.SignedIn.Ticket != "":
		factorPage(end.SignedIn.Ticket, end.ReturnTo).Write(w, http.StatusOK)
	default:
		w.Header().Set("Set-Cookie", end.SignedIn.Browser.Header())
		page.Redirect(w, end.ReturnTo)
	}
}

// factorPath is where the form for the second factor is posted.
const factorPath = "/v1/auth/second-factor/page"

// factorPage asks for the second factor of a sign-in that was begun in the browser.
func factorPage(ticket, to string) page.Page {
	return page.Page{
		Title: "One more step", Text: "Your account has a second factor. Type the code that your app shows, or a recovery code.",
		Action: factorPath, Button: "Sign in", Hidden: []page.Hidden{{Name: "ticket", Value: ticket}, {Name: "return_to", Value: to}},
		Fields: []page.Field{{Name: "code", Label: "Code", Type: "text", Autocomplete: "one-time-code"}},
	}
}

func (h Handlers) useFactorPage(w http.ResponseWriter, r *http.Request) {
	if err := page.ParseForm(r, h.Origin); err != nil {
		problem.Write(w, r, err)
		return
	}
	to := h.SignIns.federation.ReturnTo(r.PostForm.Get("return_to"))
	shown := factor.Proof{Method: authn.ByTOTP, Code: strings.TrimSpace(r.PostForm.Get("code"))}
	if len(shown.Code) != 6 {
		shown.Method = authn.ByRecovery
	}
	in, err := h.SignIns.CompleteSignIn(r.Context(), r.PostForm.Get("ticket"), shown)
	if link := page.Cookie(r, federation.LinkCookie); err == nil && link != "" {
		h.linkAs(w, r, in, link)
		return
	}
	h.ShowEnd(w, r, End{From: factorPage(r.PostForm.Get("ticket"), to), SignedIn: in, Err: err, ReturnTo: to})
}
