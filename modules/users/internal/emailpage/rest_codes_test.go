package emailpage_test

import (
	"net/url"
	"strings"
	"testing"

	"app/modules/users/internal/userstest"
	"app/platform/operation/operationtest"
)

// typed is what the form of the page that a link leads to is posted with once somebody
// has typed into a field.
func typed(link *url.URL, field, value string) url.Values {
	values := userstest.Form(link)
	values.Set(field, value)
	return values
}

// A mail scanner that opens the link of an e-mail, however often, spends nothing; the
// form does.
func TestFailure28_OpeningALinkSpendsNothing(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	s.Must(202, "", "POST", "/v1/auth/register", userstest.Registration())
	open := func() *url.URL {
		t.Helper()
		u := s.Link()
		for _, method := range []string{"GET", "HEAD", "GET"} {
			got := s.Must(200, "", method, u.RequestURI(), "")
			policy := got.Header.Get("Content-Security-Policy")
			if got.Header.Get("Cache-Control") != "no-store" || !strings.Contains(policy, "form-action 'self'") || !strings.HasSuffix(policy, "script-src 'self'") || strings.Count(got.Body, "<script") != 1 && method == "GET" {
				t.Errorf("%v", got.Header)
			}
			if method == "GET" && !strings.Contains(got.Body, `<input name="code" type="text"`) {
				t.Errorf("the form has no field for the code: %s", got.Body)
			}
		}
		return u
	}
	u := open()
	s.Must(405, "", "PUT", u.Path, "")
	if got := s.Post("", u.Path, typed(u, "password", userstest.Password)); got.Status != 200 || !strings.Contains(got.Body, "confirmed") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	s.Request("", "/v1/auth/code", userstest.Address)
	u = open()
	got := s.Post("", u.Path, userstest.Form(u))
	if got.Status != 303 || got.Header.Get("Location") != "/" || !strings.HasPrefix(got.Header.Get("Set-Cookie"), "__Host-souk=") {
		t.Errorf("%d %v", got.Status, got.Header)
	}
	if again := s.Post("", u.Path, userstest.Form(u)); again.Status != 422 || again.Header.Get("Set-Cookie") != "" {
		t.Errorf("used twice: %d", again.Status)
	}
	s.Request("", "/v1/auth/password/forgot", userstest.Address)
	u = open()
	values := userstest.Form(u)
	values.Set("password", "Another-Horse-8")
	values.Set("confirm_password", "Another-Horse-8")
	if got := s.Post("", u.Path, values); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	s.Must(200, "", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", "Another-Horse-8"))
}

// The forms work from the shop's own pages only: another site must not sign somebody in
// as somebody else.
func TestFailure30_FormsOfOtherSites(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	s.SignIn()
	s.Request("", "/v1/auth/code", userstest.Address)
	u := s.Link()
	kind := "application/x-www-form-urlencoded"
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
		{"Origin", userstest.Shop + ".evil.example"}, {"Sec-Fetch-Site", "cross-site", "Origin", userstest.Shop},
	} {
		got := s.Call("", "POST", u.Path, userstest.Form(u).Encode(), append([]string{"Content-Type", kind}, headers...)...)
		operationtest.WantProblem(t, got, 403, "cross_site")
	}
	if got := s.Call("", "POST", u.Path, userstest.Form(u).Encode(), "Content-Type", kind, "Origin", userstest.Shop); got.Status != 303 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// No address that a browser sends has a code in it, and none is shown out of one; what
// the browser keeps to itself its script puts into the form, and without a script it is
// typed.
func TestFault32_CodesInLinks(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	s.SignIn()
	for _, path := range []string{"/v1/auth/code", "/v1/auth/password/forgot"} {
		s.Request("", path, userstest.Address)
		u := s.Link() // has no code in its query
		got := s.Must(200, "", "GET", u.RequestURI(), "")
		code := userstest.Form(u).Get("code")
		if strings.Contains(u.RequestURI(), code) || strings.Contains(got.Body, code) || !strings.Contains(got.Body, `<script src="/v1/auth/letter.js" defer></script>`) {
			t.Errorf("%s: %s", u, got.Body)
		}
		old := u.RequestURI() + "&code=" + code // of an e-mail of the release before
		if got := s.Must(200, "", "GET", old, ""); strings.Contains(got.Body, code) || !strings.Contains(got.Body, `<input name="code" type="text"`) {
			t.Errorf("an old link: %s", got.Body)
		}
		values := userstest.Form(u)
		values.Set("code", " "+code+" ") // as it is copied out of an e-mail
		values.Set("password", "x")
		if got := s.Post("", u.Path, values); path != "/v1/auth/code" && (got.Status != 422 || !strings.Contains(got.Body, `value=" `+code+` "`)) {
			t.Errorf("the form again: %d %s", got.Status, got.Body)
		}
	}
	script := s.Must(200, "", "GET", "/v1/auth/letter.js", "")
	if !strings.HasPrefix(script.Header.Get("Content-Type"), "text/javascript") || script.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(script.Body, "location.hash") {
		t.Errorf("%v %s", script.Header, script.Body)
	}
}

func TestLetterPageEscapes(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	q := url.Values{"purpose": {"verify_address"}, "email": {`"><script>alert(1)</script>`}, "code": {`'"><img src=x>`}}
	got := s.Must(200, "", "GET", "/v1/auth/letter?"+q.Encode(), "")
	if strings.Count(got.Body, "<script") != 1 || strings.Contains(got.Body, "alert(1)</script") || strings.Contains(got.Body, "<img") {
		t.Error(got.Body)
	}
	if got := s.Must(200, "", "GET", "/v1/auth/letter?purpose=other", ""); strings.Contains(got.Body, "<form") {
		t.Error(got.Body)
	}
}
