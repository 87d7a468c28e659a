package signin_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"app/modules/users/internal/userstest"
	"app/platform/operation/operationtest"
)

func TestCodeOperations(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	s.SignIn()
	request := s.Request("", "/v1/auth/code", userstest.Address)
	in := s.Must(200, "", "POST", "/v1/auth/code/verify", userstest.Object("request", request, "code", s.Code()))
	if !strings.Contains(in.Body, `"access_token":"`) || in.Header.Get("Cache-Control") != "no-store" || in.Header.Get("Set-Cookie") != "" {
		t.Errorf("%v %s", in.Header, in.Body)
	}
	operationtest.WantProblem(t, s.Call("", "POST", "/v1/auth/code/verify", userstest.Object("request", request, "code", "123456")), 422, "code_invalid", "/code")
	request = s.Request("", "/v1/auth/code", userstest.Address)
	browser := s.Must(200, "", "POST", "/v1/auth/code/verify", `{"session":true,"request":"`+request+`","code":"`+s.Code()+`"}`)
	if !strings.HasPrefix(browser.Header.Get("Set-Cookie"), "__Host-souk=") || strings.Contains(browser.Body, "access_token") {
		t.Errorf("%v %s", browser.Header, browser.Body)
	}
	request = s.Request("", "/v1/auth/password/forgot", userstest.Address)
	reset := func(password string) operationtest.Reply {
		return s.Call("", "POST", "/v1/auth/password/reset", userstest.Object("request", request, "code", s.Code(), "password", password, "confirm_password", password))
	}
	code := s.Code()
	operationtest.WantProblem(t, reset("weak"), 422, "validation_failed", "/password")
	if got := reset("Another-Horse-8"); got.Status != 204 || got.Body != "" {
		t.Errorf("reset: %d %s", got.Status, got.Body)
	}
	operationtest.WantProblem(t, s.Call("", "POST", "/v1/auth/password/reset", userstest.Object("request", request, "code", code, "password", "Another-Horse-8", "confirm_password", "Another-Horse-8")), 422, "code_invalid", "/code")
	s.Must(200, "", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", "Another-Horse-8"))
}

// Whatever an address is, the replies are the same to the byte but for the request.
func TestFailure23_SameRepliesToRequestsForCodes(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	s.SignIn()
	s.Must(202, "", "POST", "/v1/auth/register", strings.Replace(userstest.Registration(), userstest.Address, "unverified@example.com", 1))
	plain := regexp.MustCompile(`cod_[0-9a-z]{26}`)
	for _, path := range []string{"/v1/auth/code", "/v1/auth/password/forgot"} {
		known := s.Must(202, "", "POST", path, userstest.Object("email", userstest.Address))
		request := plain.FindString(known.Body)
		known.Body = plain.ReplaceAllString(known.Body, "cod")
		refusal := s.Must(422, "", "POST", "/v1/auth/code/verify", userstest.Object("request", request, "code", "000000"))
		for _, email := range []string{"unverified@example.com", "unknown@example.com"} {
			got := s.Must(202, "", "POST", path, userstest.Object("email", email))
			request := plain.FindString(got.Body)
			got.Body = plain.ReplaceAllString(got.Body, "cod")
			if diff := cmp.Diff(known, got); diff != "" {
				t.Errorf("%s: -known +%s\n%s", path, email, diff)
			}
			if diff := cmp.Diff(refusal, s.Call("", "POST", "/v1/auth/code/verify", userstest.Object("request", request, "code", "000000"))); diff != "" {
				t.Errorf("%s: -known +%s\n%s", path, email, diff)
			}
		}
	}
}

// Somebody who comes from an e-mail and has a second factor is asked for it on a page.
func TestSecondFactorPage(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	access := s.SignIn().AccessToken
	enrolled := operationtest.ReadStrict[map[string]string](t, s.Must(200, access, "POST", "/v1/users/me/totp", ""))
	code := func() string {
		s.Now = s.Now.Add(30 * time.Second)
		c, err := totp.GenerateCode(enrolled["secret"], s.Now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s.Must(200, access, "POST", "/v1/users/me/totp/confirm", userstest.Object("code", code()))
	s.Request("", "/v1/auth/code", userstest.Address)
	u := s.Link()
	got := s.Post("", u.Path, userstest.Form(u))
	ticket := regexp.MustCompile(`value="(spt_[^"]+)"`).FindStringSubmatch(got.Body)
	if got.Status != 200 || len(ticket) != 2 || got.Header.Get("Set-Cookie") != "" {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	form := url.Values{"ticket": {ticket[1]}, "code": {"000000"}, "return_to": {"//evil.example"}}
	if got := s.Post("", "/v1/auth/second-factor/page", form); got.Status != 422 || !strings.Contains(got.Body, "wrong, used") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	form.Set("code", " "+code()+" ")
	got = s.Post("", "/v1/auth/second-factor/page", form)
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/" || !strings.HasPrefix(got.Header.Get("Set-Cookie"), "__Host-souk=") {
		t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
	}
}
