package rest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open() + "/api-keys"
	made := s.must(201, owner, "POST", path, `{"name":"till","scopes":["orders:read"],"expires_at":"2027-01-01T01:00:00+01:00"}`)
	want := `{"key":"souk_123456","id":"key_1","name":"till","hint":"souk_1234","scopes":["orders:read"],"created_by":"` + owner +
		`","maker_is_member":true,"created_at":"2026-03-01T12:00:00Z","expires_at":"2027-01-01T00:00:00Z","endless":false}` + "\n"
	if diff := cmp.Diff(want, made.Body); diff != "" || made.Header.Get("Cache-Control") != "no-store" || made.Header.Get("Location") != path+"/key_1" {
		t.Errorf("%v %s", made.Header, diff)
	}
	list := s.must(200, owner, "GET", path, "")
	want = `{"data":[{"id":"key_1","name":"till","hint":"souk_1234","scopes":["orders:read"],"created_by":"` + owner +
		`","maker_is_member":true,"created_at":"2026-03-01T12:00:00Z","endless":true,"last_used_at":"2026-03-01T12:00:00Z"},` +
		`{"id":"key_2","name":"stock","hint":"souk_5678","scopes":["catalog:write"],"created_by":"` + manager +
		`","maker_is_member":true,"created_at":"2026-03-01T12:00:00Z","endless":true}]}` + "\n"
	if diff := cmp.Diff(want, list.Body); diff != "" {
		t.Error(diff)
	}
	s.must(204, owner, "DELETE", path+"/key_1", "")
	wantProblem(t, s.call(owner, "DELETE", path+"/key_2", ""), 404, "api_key_not_found")
	wantProblem(t, s.call(manager, "GET", path, ""), 403, "role_too_low")
	wantProblem(t, s.call(nobody, "GET", path, ""), 401, "unauthenticated")
	wantProblem(t, s.call(owner, "POST", path, `{"name":"till","scopes":["everything"]}`), 422, "validation_failed", "/scopes/0")
	wantProblem(t, s.call(owner, "POST", path, `{"name":"","scopes":[]}`), 422, "validation_failed", "/name", "/scopes")
}
