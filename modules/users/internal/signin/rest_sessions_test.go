package signin_test

import (
	"strings"
	"testing"

	"app/modules/users/internal/userstest"
	"app/platform/identity"
)

func TestBrowserSession(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	s.SignIn()
	cookie := s.Browse("")
	want := identity.SessionCookie + "=" + cookie.Value + "; Path=/; Expires=Tue, 31 Mar 2026 12:00:00 GMT; HttpOnly; Secure; SameSite=Lax"
	if len(cookie.Value) != 43 || cookie.Raw != want {
		t.Errorf("got  %s\nwant %s", cookie.Raw, want)
	}
	auth := s.Must(200, "cookie:"+cookie.Value, "GET", "/v1/users/auth", "")
	if !strings.HasPrefix(auth.Body, `{"auth_method":"session",`) {
		t.Errorf("got %s", auth.Body)
	}
	if none := s.Must(200, "", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", userstest.Password)); len(none.Header["Set-Cookie"]) != 0 {
		t.Errorf("tokens came with %q", none.Header["Set-Cookie"])
	}
	out := s.Must(204, "cookie:"+cookie.Value, "POST", "/v1/auth/logout", "")
	if got := out.Header.Get("Set-Cookie"); got != identity.SessionCookie+"=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("logout sets %q", got)
	}
	if _, err := s.Subjects.Sessions.Browser(t.Context(), cookie.Value); err == nil {
		t.Error("the cookie opens something after the logout")
	}
}
