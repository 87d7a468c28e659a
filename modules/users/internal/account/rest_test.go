package account_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/userstest"
	"app/platform/ids"
	"app/platform/operation/operationtest"
)

func TestWireShapes(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	accepted := operationtest.ReadStrict[map[string]string](t, s.Must(202, "", "POST", "/v1/auth/register", userstest.Registration()))
	if accepted["status"] != "accepted" || !ids.Valid("cod", accepted["registration"]) || len(accepted) != 2 {
		t.Errorf("register: %v", accepted)
	}
	made := s.Must(200, "", "POST", "/v1/auth/verify", userstest.Object("email", userstest.Address, "code", s.Code(), "registration", accepted["registration"]))
	var user struct{ ID string }
	if err := json.Unmarshal([]byte(made.Body), &user); err != nil {
		t.Fatal(err)
	}
	whole := `{"id":"` + user.ID + `","email":"Ada@Example.com","first_name":"Ada","middle_name":"","last_name":"Lovelace","admin":false,"created_at":"2026-03-01T12:00:00.123456Z","locale":""}`
	login := s.Must(200, "", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", userstest.Password))
	in := operationtest.ReadStrict[userstest.Tokens](t, login)
	if in.TokenType != "Bearer" || in.ExpiresIn != 900 || login.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("login: %v %s", login.Header, login.Body)
	}
	refreshed := s.Must(200, "", "POST", "/v1/auth/refresh", userstest.Object("refresh_token", in.RefreshToken))
	if again := operationtest.ReadStrict[userstest.Tokens](t, refreshed); again.RefreshToken == in.RefreshToken || again.ExpiresIn != 900 || refreshed.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("refresh: %s", refreshed.Body)
	}
	me := s.Must(200, in.AccessToken, "GET", "/v1/users/me", "")
	auth := s.Must(200, in.AccessToken, "GET", "/v1/users/auth", "")
	public := s.Must(200, "", "GET", "/v1/users/"+user.ID+"/public", "")
	want := []string{
		whole + "\n", whole + "\n", `"1"`, `{"auth_method":"bearer","user":` + whole + "}\n",
		`{"id":"` + user.ID + `","display_name":"Ada L.","created_at":"2026-03-01T12:00:00.123456Z"}` + "\n",
	}
	if diff := cmp.Diff(want, []string{made.Body, me.Body, me.Header.Get("ETag"), auth.Body, public.Body}); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if out := s.Must(204, in.AccessToken, "POST", "/v1/auth/logout", ""); out.Body != "" {
		t.Errorf("logout: %s", out.Body)
	}
	operationtest.WantProblem(t, s.Call("", "POST", "/v1/auth/refresh", userstest.Object("refresh_token", in.RefreshToken)), 401, "refresh_token_invalid")
}

func TestUpdateMe(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	access := s.SignIn().AccessToken
	got := s.Must(200, access, "PATCH", "/v1/users/me", `{"first_name":"Augusta"}`, "If-Match", `"1"`)
	if !strings.Contains(got.Body, `"first_name":"Augusta"`) || got.Header.Get("ETag") != `"2"` {
		t.Errorf("%v %s", got.Header, got.Body)
	}
	operationtest.WantProblem(t, s.Call(access, "PATCH", "/v1/users/me", `{"first_name":"Eve"}`, "If-Match", `"1"`), 412, "version_mismatch")
	operationtest.WantProblem(t, s.Call(access, "PATCH", "/v1/users/me", `{"first_name":"","middle_name":"a/b"}`), 422, "validation_failed", "/first_name", "/middle_name")
	operationtest.WantProblem(t, s.Call(access, "PATCH", "/v1/users/me", `{"email":"eve@example.com","admin":true}`), 422, "validation_failed", "/admin", "/email")
	s.Must(200, access, "PATCH", "/v1/users/me", `{}`)
	s.Must(304, access, "GET", "/v1/users/me", "", "If-None-Match", `"2"`)
}
