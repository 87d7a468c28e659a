package rest_test

import (
	"fmt"
	"strings"
	"testing"
)

// What an owner learns by inviting is the same for every address, and nobody is a
// member before they say so.
func TestFault07_InvitationsTellNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open()
	mask := func(email string) string {
		got := s.call(owner, "POST", path+"/members", `{"email":"`+email+`","role":"owner"}`)
		body := strings.ReplaceAll(got.Body, email, "ADDRESS")
		if at := strings.Index(body, `"inv_`); at >= 0 {
			body = body[:at] + body[at+len(`"inv_01kan4v6e8fx2s1gq0vj5t3x7c"`):]
		}
		return fmt.Sprint(got.Status, " ", body)
	}
	known, unknown := mask("04@example.com"), mask("nobody-here@example.com")
	if known != unknown || !strings.HasPrefix(known, "202 ") {
		t.Errorf("an account and none are told apart:\n%s%s", known, unknown)
	}
	wantProblem(t, s.call(stranger, "GET", path+"/members", ""), 404, "merchant_not_found")
}

// One account opens a few merchants and no more.
func TestFault01_MerchantsPerAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for i := range 10 {
		s.must(201, owner, "POST", "/v1/merchants", fmt.Sprintf(`{"name":"Lamps %d"}`, i))
	}
	wantProblem(t, s.call(owner, "POST", "/v1/merchants", `{"name":"One too many"}`), 429, "too_many_merchants")
	s.must(201, stranger, "POST", "/v1/merchants", `{"name":"Somebody else's"}`)
}

// A time that is given is in bounds. The year 1 is none, though Go calls it zero.
func TestFault27_ZeroIsNoTime(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open() + "/api-keys"
	for _, at := range []string{
		"0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00", "0000-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
		"2026-03-01T12:00:00Z", "2028-03-02T12:00:00Z", "9999-12-31T23:59:59Z",
	} {
		got := s.call(owner, "POST", path, `{"name":"till","scopes":["orders:read"],"expires_at":"`+at+`"}`)
		wantProblem(t, got, 422, "validation_failed", "/expires_at")
	}
}

// Whoever goes leaves keys behind: the reply names them, and the list says that their
// maker is no member.
func TestFault32_KeysOfWhoeverGoes(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open()
	got := s.must(200, manager, "DELETE", path+"/members/me", "")
	if !strings.Contains(got.Body, `"id":"key_2"`) || strings.Contains(got.Body, `"id":"key_1"`) {
		t.Errorf("left behind: %s", got.Body)
	}
	list := s.must(200, owner, "GET", path+"/api-keys", "").Body
	if strings.Count(list, `"maker_is_member":true`) != 1 || strings.Count(list, `"maker_is_member":false`) != 1 || strings.Count(list, `"endless":true`) != 2 {
		t.Errorf("keys: %s", list)
	}
}
