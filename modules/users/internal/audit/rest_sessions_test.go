package audit_test

import (
	"testing"

	"app/modules/users/internal/userstest"
	"app/platform/operation/operationtest"
)

func TestAuditList(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	tokens := s.SignIn()
	s.Call("", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", "Wrong-Horse-9"), "User-Agent", "curl", "Souk-Client-Network", "203.0.113.0/24")
	got := operationtest.ReadStrict[userstest.Page[map[string]any]](t, s.Must(200, tokens.AccessToken, "GET", "/v1/users/me/audit", ""))
	outcomes := map[any]map[string]any{}
	for _, record := range got.Data {
		outcomes[record["outcome"]] = record
	}
	refused := outcomes["wrong_password"]
	if len(got.Data) != 2 || outcomes["ok"]["session_id"] != tokens.SessionID || refused["device"] != "curl" || refused["network"] != "203.0.113.0/24" || refused["event"] != "sign_in" {
		t.Errorf("%+v", got)
	}
	operationtest.WantProblem(t, s.Call("", "GET", "/v1/users/me/audit", ""), 401, "unauthenticated")
}
