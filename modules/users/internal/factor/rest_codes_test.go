package factor_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"app/modules/users/internal/userstest"
	"app/platform/operation/operationtest"
)

func TestFactorOperations(t *testing.T) {
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
	added := s.Must(200, access, "POST", "/v1/users/me/totp/confirm", userstest.Object("code", code()))
	recovery := regexp.MustCompile(`"([0-9a-z]{6}(?:-[0-9a-z]{6}){3})"`).FindAllStringSubmatch(added.Body, -1)
	if len(recovery) != 10 || added.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%v %s", added.Header, added.Body)
	}
	factors := s.Must(200, access, "GET", "/v1/users/me/factors", "")
	if !strings.Contains(factors.Body, `"passkeys":[],"recovery_codes":10}`) || !strings.Contains(factors.Body, `"totp":"2026-`) {
		t.Error(factors.Body)
	}
	type waiting struct {
		Status    string   `json:"status"`
		Ticket    string   `json:"ticket"`
		Factors   []string `json:"factors"`
		ExpiresIn int      `json:"expires_in"`
	}
	in := operationtest.ReadStrict[waiting](t, s.Must(202, "", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", userstest.Password)))
	if diff := cmp.Diff([]string{"totp", "recovery"}, in.Factors); diff != "" || in.Status != "second_factor_required" || in.ExpiresIn != 300 {
		t.Errorf("%+v", in)
	}
	operationtest.WantProblem(t, s.Call("", "POST", "/v1/auth/second-factor", userstest.Object("ticket", in.Ticket, "method", "totp", "code", "x")), 422, "code_invalid", "/code")
	operationtest.WantProblem(t, s.Call("", "POST", "/v1/auth/second-factor", userstest.Object("ticket", "spt_", "method", "totp", "code", code())), 401, "ticket_invalid")
	s.Must(200, "", "POST", "/v1/auth/second-factor", userstest.Object("ticket", in.Ticket, "method", "totp", "code", code()))
	s.Now = s.Now.Add(11 * time.Minute)
	operationtest.WantProblem(t, s.Call(access, "DELETE", "/v1/users/me/totp", ""), 403, "step_up_required")
	operationtest.WantProblem(t, s.Call(access, "POST", "/v1/auth/step-up", userstest.Object("method", "password", "password", userstest.Password)), 403, "factor_required")
	stepped := s.Must(200, access, "POST", "/v1/auth/step-up", userstest.Object("method", "recovery", "code", recovery[0][1]))
	if stepped.Body != `{"status":"fresh","expires_in":600}`+"\n" {
		t.Error(stepped.Body)
	}
	s.Must(200, access, "POST", "/v1/users/me/recovery-codes", "")
	s.Must(204, access, "DELETE", "/v1/users/me/totp", "")
	operationtest.WantProblem(t, s.Call(access, "DELETE", "/v1/users/me/totp", ""), 404, "factor_not_found")
}
