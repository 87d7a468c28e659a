package credential_test

import (
	"strings"
	"testing"
	"time"

	"app/modules/users/internal/userstest"
	"app/platform/operation/operationtest"
)

func TestAddressAndPasswordOperations(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	access := s.SignIn().AccessToken
	request := s.Request(access, "/v1/users/me/email", "new@example.com")
	got := s.Must(200, access, "POST", "/v1/users/me/email/verify", userstest.Object("request", request, "code", s.Code()))
	if !strings.Contains(got.Body, `"email":"new@example.com"`) || got.Header.Get("ETag") != `"2"` {
		t.Errorf("%v %s", got.Header, got.Body)
	}
	body := userstest.Object("current_password", userstest.Password, "password", "Another-Horse-8", "confirm_password", "Another-Horse-8")
	s.Must(200, access, "POST", "/v1/users/me/password", body)
	operationtest.WantProblem(t, s.Call(access, "POST", "/v1/users/me/password", body), 422, "validation_failed", "/current_password")
	s.Now = s.Now.Add(11 * time.Minute)
	operationtest.WantProblem(t, s.Call(access, "POST", "/v1/users/me/password", body), 403, "step_up_required")
	operationtest.WantProblem(t, s.Call(access, "POST", "/v1/users/me/email", userstest.Object("email", "x@example.com")), 403, "step_up_required")
	operationtest.WantProblem(t, s.Call("", "POST", "/v1/users/me/email", userstest.Object("email", "x@example.com")), 401, "unauthenticated")
}
