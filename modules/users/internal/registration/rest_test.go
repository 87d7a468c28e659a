package registration_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/users/internal/userstest"
	"app/platform/database"
	"app/platform/operation/operationtest"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	access := s.SignIn().AccessToken
	for name, tc := range map[string]struct {
		access, method, path, body string
		status                     int
		code                       string
		pointers                   []string
	}{
		"RegisterNothing":      {"", "POST", "/v1/auth/register", `{}`, 422, "validation_failed", []string{"/confirm_password", "/email", "/first_name", "/last_name", "/password"}},
		"RegisterWrongTypes":   {"", "POST", "/v1/auth/register", `{"email":1,"password":true,"confirm_password":[],"first_name":{},"last_name":null}`, 422, "validation_failed", []string{"/confirm_password", "/email", "/first_name", "/last_name", "/password"}},
		"RegisterAdmin":        {"", "POST", "/v1/auth/register", strings.Replace(userstest.Registration(), "{", `{"admin":true,`, 1), 422, "validation_failed", []string{"/admin"}},
		"RegisterWeak":         {"", "POST", "/v1/auth/register", strings.ReplaceAll(userstest.Registration(), userstest.Password, "password"), 422, "validation_failed", []string{"/password"}},
		"RegisterMismatch":     {"", "POST", "/v1/auth/register", strings.Replace(userstest.Registration(), userstest.Password, "Other-Horse-7", 1), 422, "validation_failed", []string{"/confirm_password"}},
		"RegisterBadJSON":      {"", "POST", "/v1/auth/register", `{"email":`, 400, "malformed_json", []string{"/email"}},
		"RegisterTooLarge":     {"", "POST", "/v1/auth/register", userstest.Object("email", strings.Repeat("x", 20_000)), 413, "body_too_large", nil},
		"VerifyWrongCode":      {"", "POST", "/v1/auth/verify", userstest.Object("email", userstest.Address, "code", "123456", "password", userstest.Password), 422, "code_invalid", []string{"/code"}},
		"VerifyCodeAlone":      {"", "POST", "/v1/auth/verify", userstest.Object("email", userstest.Address, "code", "123456"), 422, "validation_failed", []string{"/registration"}},
		"VerifyNothing":        {"", "POST", "/v1/auth/verify", `{}`, 422, "validation_failed", []string{"/code", "/email"}},
		"LoginWrong":           {"", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", "x"), 401, "invalid_credentials", nil},
		"LoginEmpty":           {"", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", ""), 401, "invalid_credentials", nil},
		"LoginUnknown":         {"", "POST", "/v1/auth/login", userstest.Object("email", "who@example.com", "password", userstest.Password), 401, "invalid_credentials", nil},
		"LoginNoPassword":      {"", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address), 422, "validation_failed", []string{"/password"}},
		"RefreshUnknown":       {"", "POST", "/v1/auth/refresh", userstest.Object("refresh_token", "srt_x"), 401, "refresh_token_invalid", nil},
		"RefreshWithAccess":    {"", "POST", "/v1/auth/refresh", userstest.Object("refresh_token", access), 401, "refresh_token_invalid", nil},
		"LogoutNobody":         {"", "POST", "/v1/auth/logout", "", 401, "unauthenticated", nil},
		"MeNobody":             {"", "GET", "/v1/users/me", "", 401, "unauthenticated", nil},
		"PatchNobody":          {"", "PATCH", "/v1/users/me", `{}`, 401, "unauthenticated", nil},
		"AuthNobody":           {"", "GET", "/v1/users/auth", "", 401, "unauthenticated", nil},
		"PublicUnknown":        {"", "GET", "/v1/users/usr_01kan4v6e8fx2s1gq0vj5t3x7c/public", "", 404, "user_not_found", nil},
		"PublicMalformed":      {"", "GET", "/v1/users/x%20y/public", "", 404, "user_not_found", nil},
		"PublicOfAnotherKind":  {"", "GET", "/v1/users/mrc_01kan4v6e8fx2s1gq0vj5t3x7c/public", "", 404, "user_not_found", nil},
		"OthersAccount":        {access, "GET", "/v1/users/usr_01kan4v6e8fx2s1gq0vj5t3x7c", "", 404, "route_not_found", nil},
		"VerifyByGet":          {"", "GET", "/v1/auth/verify", "", 405, "method_not_allowed", nil},
		"VerifyByGetWithQuery": {"", "GET", "/v1/auth/verify?email=ada@example.com&code=123456", "", 405, "method_not_allowed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			operationtest.WantProblem(t, s.Call(tc.access, tc.method, tc.path, tc.body), tc.status, tc.code, tc.pointers...)
		})
	}
}

// Whatever is wrong with a sign-in or already there at a registration: the replies are
// the same to the byte.
func TestFailure23_SameReplies(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	s.SignIn()
	wrong := s.Must(401, "", "POST", "/v1/auth/login", userstest.Object("email", userstest.Address, "password", "x"))
	for _, body := range []string{userstest.Object("email", "who@example.com", "password", "x"), userstest.Object("email", userstest.Address, "password", ""), userstest.Object("email", "?", "password", userstest.Password)} {
		if diff := cmp.Diff(wrong, s.Call("", "POST", "/v1/auth/login", body)); diff != "" {
			t.Errorf("-wrong password +%s\n%s", body, diff)
		}
	}
	known := s.Must(202, "", "POST", "/v1/auth/register", userstest.Registration())
	unknown := s.Must(202, "", "POST", "/v1/auth/register", strings.Replace(userstest.Registration(), userstest.Address, "who@example.com", 1))
	anyID := func(r operationtest.Reply) operationtest.Reply {
		r.Body = strings.Replace(r.Body, operationtest.ReadStrict[map[string]string](t, r)["registration"], "cod", 1)
		return r
	}
	if diff := cmp.Diff(anyID(known), anyID(unknown)); diff != "" {
		t.Errorf("-known +unknown\n%s", diff)
	}
}

func TestRegisterWithKey(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	key := []string{"Idempotency-Key", "0b8f7c1e-5a56-4c0e-9d0a-3f5f6f3f2f11"}
	first := s.Must(202, "", "POST", "/v1/auth/register", userstest.Registration(), key...)
	again := s.Must(202, "", "POST", "/v1/auth/register", userstest.Registration(), key...)
	if first.Body != again.Body || again.Header.Get("Idempotent-Replayed") != "true" || len(s.Payloads()) != 1 {
		t.Errorf("%s then %s, %d events", first.Body, again.Body, len(s.Payloads()))
	}
}

// A body holds a password, so what is kept of it must not be a hash that everybody can
// compute.
func TestKeyKeepsNoPlainHashOfTheBody(t *testing.T) {
	t.Parallel()
	s := userstest.NewSite(t)
	for _, key := range []string{"0b8f7c1e-5a56-4c0e-9d0a-3f5f6f3f2f11", "0b8f7c1e-5a56-4c0e-9d0a-3f5f6f3f2f12"} {
		s.Must(202, "", "POST", "/v1/auth/register", userstest.Registration(), "Idempotency-Key", key)
	}
	var kept int
	err := s.DB.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
		return q.QueryRow(ctx, `SELECT COUNT(DISTINCT fingerprint) FROM http_idempotency`).Scan(&kept)
	})
	if err != nil || kept != 2 {
		t.Errorf("%d fingerprints of one body under two keys, %v", kept, err)
	}
}
