package rest_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"
	"google.golang.org/protobuf/proto"

	"app/modules/users/usersevents"
)

// request asks for a code at the path and returns the request.
func (s *site) request(access, path, email string) string {
	s.t.Helper()
	s.now = s.now.Add(time.Second)
	got := read[map[string]string](s.t, s.must(202, access, "POST", path, object("email", email)))
	if got["status"] != "accepted" || !strings.HasPrefix(got["request"], "cod_") || len(got) != 2 {
		s.t.Errorf("%s: %v", path, got)
	}
	return got["request"]
}

// link is the one in the last e-mail.
func (s *site) link() *url.URL {
	s.t.Helper()
	payloads := s.payloads()
	var issued usersevents.CodeIssued
	if err := proto.Unmarshal(payloads[len(payloads)-1], &issued); err != nil {
		s.t.Fatal(err)
	}
	u, err := url.Parse(issued.GetLink())
	if err == nil && (u.Query().Has("code") || u.Query().Has("email") || !strings.Contains(u.Fragment, "code="+issued.GetCode())) {
		s.t.Fatalf("a code or an address in the query: %s", u)
	}
	if err != nil || u.Scheme+"://"+u.Host != home {
		s.t.Fatalf("link %s, %v", issued.GetLink(), err)
	}
	return u
}

// form is what the page of a link posts: what is in its query, and what its script
// takes out of the fragment.
func form(u *url.URL) url.Values {
	values := u.Query()
	fragment, err := url.ParseQuery(u.EscapedFragment())
	if err != nil {
		panic(err)
	}
	for name := range fragment {
		values.Set(name, fragment.Get(name))
	}
	return values
}

func TestCodeOperations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn()
	request := s.request("", "/v1/auth/code", address)
	in := s.must(200, "", "POST", "/v1/auth/code/verify", object("request", request, "code", s.code()))
	if !strings.Contains(in.Body, `"access_token":"`) || in.Header.Get("Cache-Control") != "no-store" || in.Header.Get("Set-Cookie") != "" {
		t.Errorf("%v %s", in.Header, in.Body)
	}
	wantProblem(t, s.call("", "POST", "/v1/auth/code/verify", object("request", request, "code", "123456")), 422, "code_invalid", "/code")
	request = s.request("", "/v1/auth/code", address)
	browser := s.must(200, "", "POST", "/v1/auth/code/verify", `{"session":true,"request":"`+request+`","code":"`+s.code()+`"}`)
	if !strings.HasPrefix(browser.Header.Get("Set-Cookie"), "__Host-souk=") || strings.Contains(browser.Body, "access_token") {
		t.Errorf("%v %s", browser.Header, browser.Body)
	}
	request = s.request("", "/v1/auth/password/forgot", address)
	reset := func(password string) reply {
		return s.call("", "POST", "/v1/auth/password/reset", object("request", request, "code", s.code(), "password", password, "confirm_password", password))
	}
	code := s.code()
	wantProblem(t, reset("weak"), 422, "validation_failed", "/password")
	if got := reset("Another-Horse-8"); got.Status != 204 || got.Body != "" {
		t.Errorf("reset: %d %s", got.Status, got.Body)
	}
	wantProblem(t, s.call("", "POST", "/v1/auth/password/reset", object("request", request, "code", code, "password", "Another-Horse-8", "confirm_password", "Another-Horse-8")), 422, "code_invalid", "/code")
	s.must(200, "", "POST", "/v1/auth/login", object("email", address, "password", "Another-Horse-8"))
}

// Whatever an address is, the replies are the same to the byte but for the request.
func TestFailure23_SameRepliesToRequestsForCodes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn()
	s.must(202, "", "POST", "/v1/auth/register", strings.Replace(registration(), address, "unverified@example.com", 1))
	plain := regexp.MustCompile(`cod_[0-9a-z]{26}`)
	for _, path := range []string{"/v1/auth/code", "/v1/auth/password/forgot"} {
		known := s.must(202, "", "POST", path, object("email", address))
		request := plain.FindString(known.Body)
		known.Body = plain.ReplaceAllString(known.Body, "cod")
		refusal := s.must(422, "", "POST", "/v1/auth/code/verify", object("request", request, "code", "000000"))
		for _, email := range []string{"unverified@example.com", "unknown@example.com"} {
			got := s.must(202, "", "POST", path, object("email", email))
			request := plain.FindString(got.Body)
			got.Body = plain.ReplaceAllString(got.Body, "cod")
			if diff := cmp.Diff(known, got); diff != "" {
				t.Errorf("%s: -known +%s\n%s", path, email, diff)
			}
			if diff := cmp.Diff(refusal, s.call("", "POST", "/v1/auth/code/verify", object("request", request, "code", "000000"))); diff != "" {
				t.Errorf("%s: -known +%s\n%s", path, email, diff)
			}
		}
	}
}

// post sends what the form of a page holds, with the values added.
func (s *site) post(access, path string, form url.Values, headers ...string) reply {
	s.t.Helper()
	return s.call(access, "POST", path, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Accept", "text/html,*/*;q=0.8"}, headers...)...)
}

// typed is what the form of the page that a link leads to is posted with once somebody
// has typed into a field.
func typed(link *url.URL, field, value string) url.Values {
	values := form(link)
	values.Set(field, value)
	return values
}

// A mail scanner that opens the link of an e-mail, however often, spends nothing; the
// form does.
func TestFailure28_OpeningALinkSpendsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(202, "", "POST", "/v1/auth/register", registration())
	open := func() *url.URL {
		t.Helper()
		u := s.link()
		for _, method := range []string{"GET", "HEAD", "GET"} {
			got := s.must(200, "", method, u.RequestURI(), "")
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
	s.must(405, "", "PUT", u.Path, "")
	if got := s.post("", u.Path, typed(u, "password", password)); got.Status != 200 || !strings.Contains(got.Body, "confirmed") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	s.request("", "/v1/auth/code", address)
	u = open()
	got := s.post("", u.Path, form(u))
	if got.Status != 303 || got.Header.Get("Location") != "/" || !strings.HasPrefix(got.Header.Get("Set-Cookie"), "__Host-souk=") {
		t.Errorf("%d %v", got.Status, got.Header)
	}
	if again := s.post("", u.Path, form(u)); again.Status != 422 || again.Header.Get("Set-Cookie") != "" {
		t.Errorf("used twice: %d", again.Status)
	}
	s.request("", "/v1/auth/password/forgot", address)
	u = open()
	values := form(u)
	values.Set("password", "Another-Horse-8")
	values.Set("confirm_password", "Another-Horse-8")
	if got := s.post("", u.Path, values); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	s.must(200, "", "POST", "/v1/auth/login", object("email", address, "password", "Another-Horse-8"))
}

// The forms work from the shop's own pages only: another site must not sign somebody in
// as somebody else.
func TestFailure30_FormsOfOtherSites(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn()
	s.request("", "/v1/auth/code", address)
	u := s.link()
	kind := "application/x-www-form-urlencoded"
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
		{"Origin", home + ".evil.example"}, {"Sec-Fetch-Site", "cross-site", "Origin", home},
	} {
		got := s.call("", "POST", u.Path, form(u).Encode(), append([]string{"Content-Type", kind}, headers...)...)
		wantProblem(t, got, 403, "cross_site")
	}
	if got := s.call("", "POST", u.Path, form(u).Encode(), "Content-Type", kind, "Origin", home); got.Status != 303 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// No address that a browser sends has a code in it, and none is shown out of one; what
// the browser keeps to itself its script puts into the form, and without a script it is
// typed.
func TestFault32_CodesInLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn()
	for _, path := range []string{"/v1/auth/code", "/v1/auth/password/forgot"} {
		s.request("", path, address)
		u := s.link() // has no code in its query
		got := s.must(200, "", "GET", u.RequestURI(), "")
		code := form(u).Get("code")
		if strings.Contains(u.RequestURI(), code) || strings.Contains(got.Body, code) || !strings.Contains(got.Body, `<script src="/v1/auth/letter.js" defer></script>`) {
			t.Errorf("%s: %s", u, got.Body)
		}
		old := u.RequestURI() + "&code=" + code // of a letter of the release before
		if got := s.must(200, "", "GET", old, ""); strings.Contains(got.Body, code) || !strings.Contains(got.Body, `<input name="code" type="text"`) {
			t.Errorf("an old link: %s", got.Body)
		}
		values := form(u)
		values.Set("code", " "+code+" ") // as it is copied out of a letter
		values.Set("password", "x")
		if got := s.post("", u.Path, values); path != "/v1/auth/code" && (got.Status != 422 || !strings.Contains(got.Body, `value=" `+code+` "`)) {
			t.Errorf("the form again: %d %s", got.Status, got.Body)
		}
	}
	script := s.must(200, "", "GET", "/v1/auth/letter.js", "")
	if !strings.HasPrefix(script.Header.Get("Content-Type"), "text/javascript") || script.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(script.Body, "location.hash") {
		t.Errorf("%v %s", script.Header, script.Body)
	}
}

func TestLetterPageEscapes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	q := url.Values{"purpose": {"verify_address"}, "email": {`"><script>alert(1)</script>`}, "code": {`'"><img src=x>`}}
	got := s.must(200, "", "GET", "/v1/auth/letter?"+q.Encode(), "")
	if strings.Count(got.Body, "<script") != 1 || strings.Contains(got.Body, "alert(1)</script") || strings.Contains(got.Body, "<img") {
		t.Error(got.Body)
	}
	if got := s.must(200, "", "GET", "/v1/auth/letter?purpose=other", ""); strings.Contains(got.Body, "<form") {
		t.Error(got.Body)
	}
}

func TestFactorOperations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	access := s.signIn().AccessToken
	enrolled := read[map[string]string](t, s.must(200, access, "POST", "/v1/users/me/totp", ""))
	code := func() string {
		s.now = s.now.Add(30 * time.Second)
		c, err := totp.GenerateCode(enrolled["secret"], s.now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	added := s.must(200, access, "POST", "/v1/users/me/totp/confirm", object("code", code()))
	recovery := regexp.MustCompile(`"([0-9a-z]{6}(?:-[0-9a-z]{6}){3})"`).FindAllStringSubmatch(added.Body, -1)
	if len(recovery) != 10 || added.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%v %s", added.Header, added.Body)
	}
	factors := s.must(200, access, "GET", "/v1/users/me/factors", "")
	if !strings.Contains(factors.Body, `"passkeys":[],"recovery_codes":10}`) || !strings.Contains(factors.Body, `"totp":"2026-`) {
		t.Error(factors.Body)
	}
	type waiting struct {
		Status    string   `json:"status"`
		Ticket    string   `json:"ticket"`
		Factors   []string `json:"factors"`
		ExpiresIn int      `json:"expires_in"`
	}
	in := read[waiting](t, s.must(202, "", "POST", "/v1/auth/login", object("email", address, "password", password)))
	if diff := cmp.Diff([]string{"totp", "recovery"}, in.Factors); diff != "" || in.Status != "second_factor_required" || in.ExpiresIn != 300 {
		t.Errorf("%+v", in)
	}
	wantProblem(t, s.call("", "POST", "/v1/auth/second-factor", object("ticket", in.Ticket, "method", "totp", "code", "x")), 422, "code_invalid", "/code")
	wantProblem(t, s.call("", "POST", "/v1/auth/second-factor", object("ticket", "spt_", "method", "totp", "code", code())), 401, "ticket_invalid")
	s.must(200, "", "POST", "/v1/auth/second-factor", object("ticket", in.Ticket, "method", "totp", "code", code()))
	s.now = s.now.Add(11 * time.Minute)
	wantProblem(t, s.call(access, "DELETE", "/v1/users/me/totp", ""), 403, "step_up_required")
	wantProblem(t, s.call(access, "POST", "/v1/auth/step-up", object("method", "password", "password", password)), 403, "factor_required")
	stepped := s.must(200, access, "POST", "/v1/auth/step-up", object("method", "recovery", "code", recovery[0][1]))
	if stepped.Body != `{"status":"fresh","expires_in":600}`+"\n" {
		t.Error(stepped.Body)
	}
	s.must(200, access, "POST", "/v1/users/me/recovery-codes", "")
	s.must(204, access, "DELETE", "/v1/users/me/totp", "")
	wantProblem(t, s.call(access, "DELETE", "/v1/users/me/totp", ""), 404, "factor_not_found")
}

// Somebody who comes from an e-mail and has a second factor is asked for it on a page.
func TestSecondFactorPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	access := s.signIn().AccessToken
	enrolled := read[map[string]string](t, s.must(200, access, "POST", "/v1/users/me/totp", ""))
	code := func() string {
		s.now = s.now.Add(30 * time.Second)
		c, err := totp.GenerateCode(enrolled["secret"], s.now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s.must(200, access, "POST", "/v1/users/me/totp/confirm", object("code", code()))
	s.request("", "/v1/auth/code", address)
	u := s.link()
	got := s.post("", u.Path, form(u))
	ticket := regexp.MustCompile(`value="(spt_[^"]+)"`).FindStringSubmatch(got.Body)
	if got.Status != 200 || len(ticket) != 2 || got.Header.Get("Set-Cookie") != "" {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	form := url.Values{"ticket": {ticket[1]}, "code": {"000000"}, "return_to": {"//evil.example"}}
	if got := s.post("", "/v1/auth/second-factor/page", form); got.Status != 422 || !strings.Contains(got.Body, "wrong, used") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	form.Set("code", " "+code()+" ")
	got = s.post("", "/v1/auth/second-factor/page", form)
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/" || !strings.HasPrefix(got.Header.Get("Set-Cookie"), "__Host-souk=") {
		t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
	}
}

func TestAddressAndPasswordOperations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	access := s.signIn().AccessToken
	request := s.request(access, "/v1/users/me/email", "new@example.com")
	got := s.must(200, access, "POST", "/v1/users/me/email/verify", object("request", request, "code", s.code()))
	if !strings.Contains(got.Body, `"email":"new@example.com"`) || got.Header.Get("ETag") != `"2"` {
		t.Errorf("%v %s", got.Header, got.Body)
	}
	body := object("current_password", password, "password", "Another-Horse-8", "confirm_password", "Another-Horse-8")
	s.must(200, access, "POST", "/v1/users/me/password", body)
	wantProblem(t, s.call(access, "POST", "/v1/users/me/password", body), 422, "validation_failed", "/current_password")
	s.now = s.now.Add(11 * time.Minute)
	wantProblem(t, s.call(access, "POST", "/v1/users/me/password", body), 403, "step_up_required")
	wantProblem(t, s.call(access, "POST", "/v1/users/me/email", object("email", "x@example.com")), 403, "step_up_required")
	wantProblem(t, s.call("", "POST", "/v1/users/me/email", object("email", "x@example.com")), 401, "unauthenticated")
}
