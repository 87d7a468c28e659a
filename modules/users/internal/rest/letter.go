package rest

import (
	_ "embed"
	"io"
	"net/http"
	"net/url"
	"strings"

	"app/modules/users/internal/authn"
	"app/modules/users/internal/code"
	"app/modules/users/internal/credential"
	"app/modules/users/internal/factor"
	"app/modules/users/internal/registration"
	"app/modules/users/internal/session"
	"app/platform/fault"
	"app/platform/operation"
	"app/platform/problem"
)

// registerEmailPageRoutes declares the page that e-mails lead to: mail scanners open
// links before people do, so GET shows a form and spends nothing; the form's POST uses
// the code.
func (h handlers) registerEmailPageRoutes(api *operation.API) {
	show := operation.Operation{
		Method: http.MethodGet, Path: code.LetterPath, ID: "show-letter-page", Tags: authTag,
		Access: operation.Public, Rate: operation.RateAuth,
		Summary:     "The page that a letter with a code leads to",
		Description: "Shows a form that uses the code. Opening it spends nothing.",
	}
	api.Raw(show, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		query.Del("code") // of a letter from before: it is in the letter's text, and the log had better not teach anybody to put it here
		letterPage(query).writeResponse(w, http.StatusOK)
	}))
	script := show
	script.Path, script.ID, script.Rate = scriptPath, "get-letter-script", operation.RateDefault
	script.Summary, script.Description = "The script of the page that a letter leads to", "Puts what the link has behind the # into the form. Without it the code is typed."
	api.Raw(script, http.HandlerFunc(showScript))
	use := show
	use.Method, use.ID, use.Access, use.Headers, use.MaxBody = http.MethodPost, "use-letter-page", operation.Optional, pageHeaders, smallBody
	use.Revokes, use.Lenient = true, true
	use.Form = []operation.FormField{
		{Name: "purpose", Doc: "verify_address, sign_in, reset_password or change_address", Required: true},
		{Name: "request", Doc: "What asking for the code answered", Required: true}, {Name: "code", Doc: "Six digits", Required: true},
		{Name: "email", Doc: "For verify_address"}, {Name: "password", Doc: "For verify_address, that of the registration; for reset_password, the new one"}, {Name: "confirm_password", Doc: "The same again"},
	}
	use.Summary, use.Description = "Use the code of a letter", "What the form of the page sends, form-encoded. A sign-in ends in a cookie and a redirect."
	api.Raw(use, http.HandlerFunc(h.useLetter))
	use.Path, use.ID, use.Access, use.Lenient, use.Headers = factorPath, "use-second-factor-page", operation.Public, false, append([]string{"Cookie"}, pageHeaders...)
	use.Summary, use.Description = "Show the second factor of a sign-in made in the browser", "What the form of the page sends, form-encoded."
	use.Form = []operation.FormField{
		{Name: "ticket", Doc: "What the first step answered", Required: true}, {Name: "code", Doc: "Of the generator, or a recovery code", Required: true},
		{Name: "return_to", Doc: "Where to go then"},
	}
	api.Raw(use, http.HandlerFunc(h.useFactorPage))
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

// letterPage is the form for what the e-mail is about. The code comes out of the link's
// fragment, by the page's script, or is typed; of a form that was posted before it is
// there again.
func letterPage(values url.Values) page {
	p := page{Action: code.LetterPath, Script: scriptPath}
	for _, name := range []string{"purpose", "request"} {
		p.Hidden = append(p.Hidden, hidden{name, values.Get(name)})
	}
	p.Fields = []field{{Name: "code", Label: "Code from the letter", Type: "text", Autocomplete: "one-time-code", Value: values.Get("code")}}
	switch values.Get("purpose") {
	case "verify_address":
		p.Title, p.Text, p.Button = "Confirm your address", "This makes your account. Type the password that you have chosen for it. "+
			"If you have not registered here, somebody else has used your address: close this page, and no account is made.", "Confirm"
		p.Fields = append(p.Fields,
			field{Name: "email", Label: "Your address", Type: "email", Autocomplete: "email", Value: values.Get("email")},
			field{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"},
		)
	case "sign_in":
		p.Title, p.Text, p.Button = "Sign in", "This signs you in with this browser.", "Sign in"
	case "change_address":
		p.Title, p.Text, p.Button = "Confirm your new address", "Your account gets this address from now on.", "Confirm"
	case "reset_password":
		p.Title, p.Button = "Set a new password", "Set password"
		p.Fields = append(p.Fields,
			field{Name: "password", Label: "New password", Type: "password", Autocomplete: "new-password"},
			field{Name: "confirm_password", Label: "The same again", Type: "password", Autocomplete: "new-password"},
		)
	default:
		return page{Title: "There is nothing here", Text: "The link is not complete. Copy the whole of it from the letter."}
	}
	return p
}

func (h handlers) useLetter(w http.ResponseWriter, r *http.Request) {
	if err := h.parseSameSiteForm(r); err != nil {
		problem.Write(w, r, err)
		return
	}
	form := letterPage(r.PostForm)
	proof := code.Proof{Request: r.PostForm.Get("request"), Code: strings.TrimSpace(r.PostForm.Get("code"))}
	switch r.PostForm.Get("purpose") {
	case "verify_address":
		h.verifyPage(w, r, form, proof)
	case "sign_in":
		in, err := h.users().SignIns.SignInWithCode(r.Context(), proof, authn.Cookie)
		h.signedInPage(w, r, form, in, err, "/")
	case "change_address":
		_, err := h.users().Credentials.ChangeAddress(r.Context(), proof)
		form.showOutcome(w, r, err, "Your account has its new address.")
	case "reset_password":
		err := h.users().Credentials.ResetPassword(r.Context(), credential.NewPassword{
			Proof: proof, Password: r.PostForm.Get("password"), Confirm: r.PostForm.Get("confirm_password"),
		})
		form.showOutcome(w, r, err, "Your password is set. You can sign in with it now.")
	default:
		form.showError(w, r, fault.Invalid(fault.Field{Pointer: "/purpose", Detail: "is none of a letter's"}))
	}
}

// verifyPage makes the account of a registration. The e-mail has told which one, so
// that is no sign of who has registered: the password is.
func (h handlers) verifyPage(w http.ResponseWriter, r *http.Request, form page, proof code.Proof) {
	in := registration.Proof{Email: r.PostForm.Get("email"), Code: proof.Code, Registration: proof.Request, Password: r.PostForm.Get("password")}
	if in.Password == "" {
		form.showError(w, r, fault.Invalid(fault.Field{Pointer: "/password", Detail: "is needed, the one that you have registered with"}))
		return
	}
	_, err := h.users().Registrations.Verify(r.Context(), in)
	form.showOutcome(w, r, err, "Your address is confirmed. You can sign in now.")
}

// showOutcome shows that the form has had its effect, or why not.
func (p page) showOutcome(w http.ResponseWriter, r *http.Request, err error, text string) {
	if err != nil {
		p.showError(w, r, err)
		return
	}
	page{Title: p.Title, Text: text}.writeResponse(w, http.StatusOK)
}

// signedInPage ends a sign-in that was made in the browser: with the session's cookie
// and a redirect, or with the form for the second factor.
func (h handlers) signedInPage(w http.ResponseWriter, r *http.Request, from page, in session.SignedIn, err error, to string) {
	switch {
	case err != nil:
		from.showError(w, r, err)
	case in.Ticket != "":
		factorPage(in.Ticket, to).writeResponse(w, http.StatusOK)
	default:
		w.Header().Set("Set-Cookie", sessionSetCookie(in.Browser.Token, in.Browser.Expires))
		redirectWithoutReferrer(w, to)
	}
}

// factorPath is where the form for the second factor is posted.
const factorPath = "/v1/auth/second-factor/page"

// factorPage asks for the second factor of a sign-in that was begun in the browser.
func factorPage(ticket, to string) page {
	return page{
		Title: "One more step", Text: "Your account has a second factor. Type the code that your app shows, or a recovery code.",
		Action: factorPath, Button: "Sign in", Hidden: []hidden{{"ticket", ticket}, {"return_to", to}},
		Fields: []field{{Name: "code", Label: "Code", Type: "text", Autocomplete: "one-time-code"}},
	}
}

func (h handlers) useFactorPage(w http.ResponseWriter, r *http.Request) {
	if err := h.parseSameSiteForm(r); err != nil {
		problem.Write(w, r, err)
		return
	}
	to := h.users().Federation.ReturnTo(r.PostForm.Get("return_to"))
	factor := factor.Proof{Method: authn.ByTOTP, Code: strings.TrimSpace(r.PostForm.Get("code"))}
	if len(factor.Code) != 6 {
		factor.Method = authn.ByRecovery
	}
	in, err := h.users().SignIns.CompleteSignIn(r.Context(), r.PostForm.Get("ticket"), factor)
	if link := cookieOf(r, linkCookie); err == nil && link != "" {
		h.linkAs(w, r, in, link)
		return
	}
	h.signedInPage(w, r, factorPage(r.PostForm.Get("ticket"), to), in, err, to)
}
