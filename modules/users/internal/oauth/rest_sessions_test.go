package oauth_test

import (
	"strings"
	"testing"

	"app/modules/users/internal/userstest"
	"app/platform/operation/operationtest"
)

// Without the password grant the endpoint looks at no password, and refreshes as before
// (ASVS 10.4.4).
func TestTokenEndpointWithoutPasswords(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	in := s.SignIn()
	o := s.Options
	o.NoPasswordGrant = true
	s.Restart(o)
	before := s.Subjects.Hasher.Operations()
	got := s.Grant("grant_type=password&username=Ada%40Example.com&password=" + userstest.Password)
	if got.Status != 400 || !strings.Contains(got.Body, `"error":"unsupported_grant_type"`) || s.Subjects.Hasher.Operations() != before {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := s.Grant("grant_type=refresh_token&refresh_token=" + in.RefreshToken); got.Status != 200 {
		t.Errorf("refresh: %d %s", got.Status, got.Body)
	}
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	s.SignIn()
	got := s.Grant("grant_type=password&username=Ada%40Example.com&password="+userstest.Password+"&scope=&client_id=x&client_secret=", "Authorization", "Basic Og==")
	if got.Status != 200 || got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Pragma") != "no-cache" || got.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", got.Status, got.Header, got.Body)
	}
	in := operationtest.ReadStrict[userstest.Tokens](t, got)
	if in.TokenType != "bearer" || in.ExpiresIn != 900 {
		t.Errorf("%s", got.Body)
	}
	s.Must(200, in.AccessToken, "GET", "/v1/users/me", "")
	again := operationtest.ReadStrict[userstest.Tokens](t, s.Grant("grant_type=refresh_token&refresh_token="+in.RefreshToken))
	if again.RefreshToken == in.RefreshToken || again.AccessToken == "" {
		t.Errorf("%+v", again)
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	s.SignIn()
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
		"Twice":           {whole + "x&password=" + userstest.Password, "invalid_request"},
		"BrokenEscape":    {whole + "%zz", "invalid_request"},
		"NotText":         {whole + "%ff", "invalid_request"},
		"NUL":             {whole + "a%00b", "invalid_request"},
		"Semicolon":       {whole + "x;y=z", "invalid_request"},
		"GrantInTheQuery": {"username=Ada%40Example.com&password=" + userstest.Password, "invalid_request"},
	} {
		path := "/v1/auth/token"
		if name == "GrantInTheQuery" {
			path += "?grant_type=password"
		}
		got := s.Call("", "POST", path, tc.form, "Content-Type", userstest.FormType)
		if e := operationtest.ReadStrict[map[string]string](t, got); got.Status != 400 || e["error"] != tc.want || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", name, got.Status, e)
		}
	}
	asJSON := s.Call("", "POST", "/v1/auth/token", `{"grant_type":"password"}`)
	if e := operationtest.ReadStrict[map[string]string](t, asJSON); asJSON.Status != 400 || e["error"] != "invalid_request" {
		t.Errorf("JSON: %d %v", asJSON.Status, e)
	}
	operationtest.WantProblem(t, s.Grant("grant_type="+strings.Repeat("x", 17<<10)), 413, "body_too_large")
}
