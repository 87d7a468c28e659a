// Package emailpage is the page that the links in e-mails lead to: a form that uses the
// code of the e-mail, for whoever does not type it into the shop.
package emailpage

import (
	_ "embed"
	"io"
	"net/http"
	"net/url"
	"strings"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/page"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/route"
	"app/modules/users/internal/signin"
	"app/platform/fault"
	"app/platform/operation"
	"app/platform/problem"
)

// Handlers answer the page that e-mails lead to.
type Handlers struct {
	Registrations *registration.Service
	Credentials   *credential.Service
	// SignIns finish a sign-in in the browser.
	SignIns signin.Handlers
}

// Register declares the page that e-mails lead to: mail scanners open links before people
// do, so GET shows a form and spends nothing; the form's POST uses the code. at is where
// the handlers lie once the module is open.
func Register(api *operation.API, at *Handlers) {
	show := operation.Operation{
		Method: http.MethodGet, Path: code.LetterPath, ID: "show-letter-page", Tags: route.SignIn,
		Access: operation.Public, Rate: operation.RateAuth,
		Summary:     "The page that an e-mail with a code leads to",
		Description: "Shows a form that uses the code. Opening it spends nothing.",
	}
	api.Raw(show, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		query.Del("code") // e-mails of before had it here; it is in their text, too
		newPage(query).Write(w, http.StatusOK)
	}))
	get := show
	get.Path, get.ID, get.Rate = scriptPath, "get-letter-script", operation.RateDefault
	get.Summary = "The script of the page that an e-mail leads to"
	get.Description = "Puts what the link has behind the # into the form. Without it the code is typed."
	api.Raw(get, http.HandlerFunc(showScript))
	use := show
	use.Method, use.ID, use.Access, use.Headers, use.MaxBody = http.MethodPost, "use-letter-page", operation.Optional, page.OriginHeaders, route.SmallBody
	use.Revokes, use.Lenient = true, true
	use.Also, use.Errors = []int{http.StatusSeeOther}, []int{http.StatusForbidden, http.StatusUnprocessableEntity}
	use.Form = []operation.FormField{
		{Name: "purpose", Doc: "verify_address, sign_in, reset_password or change_address", Required: true},
		{Name: "request", Doc: "What asking for the code answered", Required: true}, {Name: "code", Doc: "Six digits", Required: true},
		{Name: "email", Doc: "For verify_address"},
		{Name: "password", Doc: "For verify_address, that of the registration; for reset_password, the new one"},
		{Name: "confirm_password", Doc: "The same again"},
	}
	use.Summary, use.Description = "Use the code of an e-mail", "What the form of the page sends, form-encoded. A sign-in ends in a cookie and a redirect."
	api.Raw(use, operation.RawOn(at, Handlers.submitForm))
}

// scriptPath is where the script of the e-mails' page is.
const scriptPath = code.LetterPath + ".js"

//go:embed letter.js
var script string

// showScript serves the script of the e-mails' page, which is the same for everybody.
func showScript(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, script) // the client may have gone
}

// newPage is the form for what the e-mail is about. The code comes out of the link's
// fragment, by the page's script, or is typed; of a form that was posted before it is
// there again.
func newPage(values url.Values) page.Page {
	p := page.Page{Action: code.LetterPath, Script: scriptPath}
	for _, name := range []string{"purpose", "request"} {
		p.Hidden = append(p.Hidden, page.Hidden{Name: name, Value: values.Get(name)})
	}
	p.Fields = []page.Field{{Name: "code", Label: "Code from the e-mail", Type: "text", Autocomplete: "one-time-code", Value: values.Get("code")}}
	switch values.Get("purpose") {
	case "verify_address":
		p.Title, p.Text, p.Button = "Confirm your address", "This makes your account. Type the password that you have chosen for it. "+
			"If you have not registered here, somebody else has used your address: close this page, and no account is made.", "Confirm"
		p.Fields = append(p.Fields,
			page.Field{Name: "email", Label: "Your address", Type: "email", Autocomplete: "email", Value: values.Get("email")},
			page.Field{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"},
		)
	case "sign_in":
		p.Title, p.Text, p.Button = "Sign in", "This signs you in with this browser.", "Sign in"
	case "change_address":
		p.Title, p.Text, p.Button = "Confirm your new address", "Your account gets this address from now on.", "Confirm"
	case "reset_password":
		p.Title, p.Button = "Set a new password", "Set password"
		p.Fields = append(p.Fields,
			page.Field{Name: "password", Label: "New password", Type: "password", Autocomplete: "new-password"},
			page.Field{Name: "confirm_password", Label: "The same again", Type: "password", Autocomplete: "new-password"},
		)
	default:
		return page.Page{Title: "There is nothing here", Text: "The link is not complete. Copy the whole of it from the e-mail."}
	}
	return p
}

func (h Handlers) submitForm(w http.ResponseWriter, r *http.Request) {
	if err := page.ParseForm(r, h.SignIns.Origin); err != nil {
		problem.Write(w, r, err)
		return
	}
	form := newPage(r.PostForm)
	proof := code.Proof{Request: r.PostForm.Get("request"), Code: strings.TrimSpace(r.PostForm.Get("code"))}
	switch r.PostForm.Get("purpose") {
	case "verify_address":
		h.verifyRegistration(w, r, form, proof)
	case "sign_in":
		in, err := h.SignIns.SignIns.SignInWithCode(r.Context(), proof, authn.Cookie)
		h.SignIns.ShowEnd(w, r, signin.End{From: form, SignedIn: in, Err: err, ReturnTo: "/"})
	case "change_address":
		_, err := h.Credentials.ChangeAddress(r.Context(), proof)
		form.ShowOutcome(w, r, err, "Your account has its new address.")
	case "reset_password":
		err := h.Credentials.ResetPassword(r.Context(), credential.NewPassword{
			Proof: proof, Password: r.PostForm.Get("password"), Confirm: r.PostForm.Get("confirm_password"),
		})
		form.ShowOutcome(w, r, err, "Your password is set. You can sign in with it now.")
	default:
		form.ShowError(w, r, fault.Invalid(fault.Field{Pointer: "/purpose", Detail: "is none of an e-mail's"}))
	}
}

// verifyRegistration makes the account of a registration. The e-mail has told which one,
// so that is no sign of who has registered: the password is.
func (h Handlers) verifyRegistration(w http.ResponseWriter, r *http.Request, form page.Page, proof code.Proof) {
	in := registration.Proof{
		Email: r.PostForm.Get("email"), Code: proof.Code, Registration: proof.Request, Password: r.PostForm.Get("password"),
	}
	if in.Password == "" {
		form.ShowError(w, r, fault.Invalid(fault.Field{Pointer: "/password", Detail: "is needed, the one that you have registered with"}))
		return
	}
	_, err := h.Registrations.Verify(r.Context(), in)
	form.ShowOutcome(w, r, err, "Your address is confirmed. You can sign in now.")
}
