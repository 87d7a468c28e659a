package apikey_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/merchants/internal/merchantstest"
)

// Who calls.
const (
	owner   = merchantstest.Owner
	manager = merchantstest.Manager
	nobody  = merchantstest.Nobody
)

func TestKeys_REST(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant() + "/api-keys"
	made := a.Must(201, owner, "POST", path, `{"name":"till","scopes":["orders:read"],"expires_at":"2027-01-01T01:00:00+01:00"}`)
	want := `{"key":"souk_123456","id":"key_1","name":"till","hint":"souk_1234","scopes":["orders:read"],"created_by":"` + owner +
		`","maker_is_member":true,"created_at":"2026-03-01T12:00:00Z","expires_at":"2027-01-01T00:00:00Z","endless":false}` + "\n"
	if diff := cmp.Diff(want, made.Body); diff != "" || made.Header.Get("Cache-Control") != "no-store" || made.Header.Get("Location") != path+"/key_1" {
		t.Errorf("%v %s", made.Header, diff)
	}
	list := a.Must(200, owner, "GET", path, "")
	want = `{"data":[{"id":"key_1","name":"till","hint":"souk_1234","scopes":["orders:read"],"created_by":"` + owner +
		`","maker_is_member":true,"created_at":"2026-03-01T12:00:00Z","endless":true,"last_used_at":"2026-03-01T12:00:00Z"},` +
		`{"id":"key_2","name":"stock","hint":"souk_5678","scopes":["catalog:write"],"created_by":"` + manager +
		`","maker_is_member":true,"created_at":"2026-03-01T12:00:00Z","endless":true}]}` + "\n"
	if diff := cmp.Diff(want, list.Body); diff != "" {
		t.Error(diff)
	}
	a.Must(204, owner, "DELETE", path+"/key_1", "")
	wantProblem(t, a.Call(owner, "DELETE", path+"/key_2", ""), 404, "api_key_not_found")
	wantProblem(t, a.Call(manager, "GET", path, ""), 403, "role_too_low")
	wantProblem(t, a.Call(nobody, "GET", path, ""), 401, "unauthenticated")
	wantProblem(t, a.Call(owner, "POST", path, `{"name":"till","scopes":["everything"]}`), 422, "validation_failed", "/scopes/0")
	wantProblem(t, a.Call(owner, "POST", path, `{"name":"","scopes":[]}`), 422, "validation_failed", "/name", "/scopes")
}

// A time that is given is in bounds. The year 1 is none, though Go calls it zero.
func TestFault27_ZeroIsNoTime(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant() + "/api-keys"
	for _, at := range []string{
		"0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00", "0000-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
		"2026-03-01T12:00:00Z", "2028-03-02T12:00:00Z", "9999-12-31T23:59:59Z",
	} {
		got := a.Call(owner, "POST", path, `{"name":"till","scopes":["orders:read"],"expires_at":"`+at+`"}`)
		wantProblem(t, got, 422, "validation_failed", "/expires_at")
	}
}
