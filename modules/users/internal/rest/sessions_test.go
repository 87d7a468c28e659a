package rest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/identity"
)

// browse signs in as a browser does and returns the cookie that was set.
func (s *site) browse(access string, headers ...string) *http.Cookie {
	s.t.Helper()
	got := s.must(200, access, "POST", "/v1/auth/login", `{"email":"`+address+`","password":"`+password+`","session":true}`, headers...)
	cookies := (&http.Response{Header: got.Header}).Cookies()
	if len(cookies) != 1 || strings.Contains(got.Body, "access_token") || strings.Contains(got.Body, "refresh_token") {
		s.t.Fatalf("login: %v %s", got.Header, got.Body)
	}
	return cookies[0]
}

type page[T any] struct {
	Data []T
	More bool   `json:"has_more"`
	Next string `json:"next"`
}

func TestBrowserSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn()
	cookie := s.browse("")
	want := identity.SessionCookie + "=" + cookie.Value + "; Path=/; Expires=Tue, 31 Mar 2026 12:00:00 GMT; HttpOnly; Secure; SameSite=Lax"
	if len(cookie.Value) != 43 || cookie.Raw != want {
		t.Errorf("got  %s\nwant %s", cookie.Raw, want)
	}
	auth := s.must(200, "cookie:"+cookie.Value, "GET", "/v1/users/auth", "")
	if !strings.HasPrefix(auth.Body, `{"auth_method":"session",`) {
		t.Errorf("got %s", auth.Body)
	}
	if none := s.must(200, "", "POST", "/v1/auth/login", object("email", address, "password", password)); len(none.Header["Set-Cookie"]) != 0 {
		t.Errorf("tokens came with %q", none.Header["Set-Cookie"])
	}
	out := s.must(204, "cookie:"+cookie.Value, "POST", "/v1/auth/logout", "")
	if got := out.Header.Get("Set-Cookie"); got != identity.SessionCookie+"=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("logout sets %q", got)
	}
	if _, err := s.subjects.Sessions.Browser(t.Context(), cookie.Value); err == nil {
		t.Error("the cookie opens something after the logout")
	}
}

func TestSessionsList(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	tokens := s.signIn()
	s.now = s.now.Add(time.Minute)
	cookie := s.browse("", "User-Agent", "Firefox", "Souk-Client-Network", "203.0.113.0/24")
	list := read[page[map[string]any]](t, s.must(200, "cookie:"+cookie.Value, "GET", "/v1/auth/sessions?limit=1", ""))
	if len(list.Data) != 1 || !list.More {
		t.Fatalf("%+v", list)
	}
	browser := list.Data[0]
	id, _ := browser["id"].(string)
	delete(browser, "id")
	want := map[string]any{
		"kind": "browser", "current": true, "device": "Firefox", "network": "203.0.113.0/24", "methods": []any{"password"},
		"created_at": "2026-03-01T12:01:00.123456Z", "last_used_at": "2026-03-01T12:01:00.123456Z", "expires_at": "2026-03-31T12:01:00.123456Z",
	}
	if diff := cmp.Diff(want, browser); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	rest := read[page[map[string]any]](t, s.must(200, tokens.AccessToken, "GET", "/v1/auth/sessions?after="+list.Next, ""))
	if len(rest.Data) != 1 || rest.Data[0]["id"] != tokens.SessionID || rest.Data[0]["current"] != true || rest.Data[0]["kind"] != "token" {
		t.Errorf("%+v", rest)
	}
	s.must(204, tokens.AccessToken, "DELETE", "/v1/auth/sessions/"+id, "")
	wantProblem(t, s.call(tokens.AccessToken, "DELETE", "/v1/auth/sessions/"+id, ""), 404, "session_not_found")
	wantProblem(t, s.call(tokens.AccessToken, "DELETE", "/v1/auth/sessions/x", ""), 404, "session_not_found")
	wantProblem(t, s.call("", "GET", "/v1/auth/sessions", ""), 401, "unauthenticated")
	s.browse("")
	if ended := s.must(200, tokens.AccessToken, "DELETE", "/v1/auth/sessions", ""); ended.Body != "{\"ended\":1}\n" {
		t.Errorf("got %s", ended.Body)
	}
	s.must(200, tokens.AccessToken, "GET", "/v1/users/me", "")
}

func TestAuditList(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	tokens := s.signIn()
	s.call("", "POST", "/v1/auth/login", object("email", address, "password", "Wrong-Horse-9"), "User-Agent", "curl", "Souk-Client-Network", "203.0.113.0/24")
	got := read[page[map[string]any]](t, s.must(200, tokens.AccessToken, "GET", "/v1/users/me/audit", ""))
	outcomes := map[any]map[string]any{}
	for _, record := range got.Data {
		outcomes[record["outcome"]] = record
	}
	refused := outcomes["wrong_password"]
	if len(got.Data) != 2 || outcomes["ok"]["session_id"] != tokens.SessionID || refused["device"] != "curl" || refused["network"] != "203.0.113.0/24" || refused["event"] != "sign_in" {
		t.Errorf("%+v", got)
	}
	wantProblem(t, s.call("", "GET", "/v1/users/me/audit", ""), 401, "unauthenticated")
}

const formType = "application/x-www-form-urlencoded"

func (s *site) grant(form string, headers ...string) reply {
	s.t.Helper()
	return s.call("", "POST", "/v1/auth/token", form, append([]string{"Content-Type", formType}, headers...)...)
}

// Without the password grant the endpoint looks at no password, and refreshes as before
// (ASVS 10.4.4).
func TestTokenEndpointWithoutPasswords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	in := s.signIn()
	o := s.options
	o.NoPasswordGrant = true
	s.restart(o)
	before := s.subjects.Hasher.Operations()
	got := s.grant("grant_type=password&username=Ada%40Example.com&password=" + password)
	if got.Status != 400 || !strings.Contains(got.Body, `"error":"unsupported_grant_type"`) || s.subjects.Hasher.Operations() != before {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := s.grant("grant_type=refresh_token&refresh_token=" + in.RefreshToken); got.Status != 200 {
		t.Errorf("refresh: %d %s", got.Status, got.Body)
	}
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn()
	got := s.grant("grant_type=password&username=Ada%40Example.com&password="+password+"&scope=&client_id=x&client_secret=", "Authorization", "Basic Og==")
	if got.Status != 200 || got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Pragma") != "no-cache" || got.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", got.Status, got.Header, got.Body)
	}
	in := read[tokens](t, got)
	if in.TokenType != "bearer" || in.ExpiresIn != 900 {
		t.Errorf("%s", got.Body)
	}
	s.must(200, in.AccessToken, "GET", "/v1/users/me", "")
	again := read[tokens](t, s.grant("grant_type=refresh_token&refresh_token="+in.RefreshToken))
	if again.RefreshToken == in.RefreshToken || again.AccessToken == "" {
		t.Errorf("%+v", again)
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn()
	whole := "grant_type=password&username=Ada%40Example.com&password="
	for name, tc := range map[string]struct {
		form, want string
	}{
		"WrongPassword":   {whole + "Wrong-Horse-9", "invalid_grant"},
		"UnknownAddress":  {"grant_type=password&username=who%40example.com&password=x", "invalid_grant"},
		"UnknownRefresh":  {"grant_type=refresh_token&refresh_token=srt_x", "invalid_grant"},
		"NoPassword":      {"grant_type=password&username=Ada%40Example.com", "invalid_request"},
		"EmptyPassword":   {whole, "invalid_request"},
		"NoUsername":      {"grant_type=password&password=x", "invalid_request"},
		"NoRefresh":       {"grant_type=refresh_token", "invalid_request"},
		"NoGrant":         {"username=x&password=y", "invalid_request"},
		"Nothing":         {"", "invalid_request"},
		"OtherGrant":      {"grant_type=client_credentials", "unsupported_grant_type"},
		"Twice":           {whole + "x&password=" + password, "invalid_request"},
		"BrokenEscape":    {whole + "%zz", "invalid_request"},
		"NotText":         {whole + "%ff", "invalid_request"},
		"NUL":             {whole + "a%00b", "invalid_request"},
		"Semicolon":       {whole + "x;y=z", "invalid_request"},
		"GrantInTheQuery": {"username=Ada%40Example.com&password=" + password, "invalid_request"},
	} {
		path := "/v1/auth/token"
		if name == "GrantInTheQuery" {
			path += "?grant_type=password"
		}
		got := s.call("", "POST", path, tc.form, "Content-Type", formType)
		if e := read[map[string]string](t, got); got.Status != 400 || e["error"] != tc.want || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", name, got.Status, e)
		}
	}
	asJSON := s.call("", "POST", "/v1/auth/token", `{"grant_type":"password"}`)
	if e := read[map[string]string](t, asJSON); asJSON.Status != 400 || e["error"] != "invalid_request" {
		t.Errorf("JSON: %d %v", asJSON.Status, e)
	}
	wantProblem(t, s.grant("grant_type="+strings.Repeat("x", 17<<10)), 413, "body_too_large")
}
