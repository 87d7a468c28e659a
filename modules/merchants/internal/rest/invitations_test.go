package rest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"app/modules/merchants/internal/rest"
	"app/platform/identity"
	"app/platform/operation"
)

// post sends the form of the page as a browser does.
func (s *site) post(user string, form url.Values) reply {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v1/invitations/letter", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	if user != nobody {
		r = r.WithContext(identity.NewContext(r.Context(), identity.Principal{UserID: user, Method: identity.Session}))
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

func (s *site) invite(path, email string) (id, code string) {
	s.t.Helper()
	m := read[rest.Member](s.t, s.must(202, owner, "POST", path+"/members", `{"email":"`+email+`","role":"viewer"}`))
	return m.InvitationID, m.InvitationID + "-" + s.token(m.InvitationID)
}

// The page answers an invitation; opening it spends nothing, and it keeps what was
// typed when something has to be done first.
func TestFault07_InvitationPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open()
	_, code := s.invite(path, "eve@example.com")
	shown := s.must(200, nobody, "GET", "/v1/invitations/letter", "")
	if !strings.Contains(shown.Body, `<form method="post"`) || !strings.Contains(shown.Header.Get("Content-Security-Policy"), "'sha256-") || shown.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s", shown.Header, shown.Body)
	}
	for name, tc := range map[string]struct {
		user   string
		form   url.Values
		status int
		says   string
	}{
		"NotSignedIn": {nobody, url.Values{"code": {code}, "answer": {"accept"}}, 401, "Sign in"},
		"WrongCode":   {stranger, url.Values{"code": {code + "x"}, "answer": {"accept"}}, 404, "invitation"},
		"NoCode":      {stranger, url.Values{"code": {`"><script>`}, "answer": {"accept"}}, 404, "&#34;&gt;&lt;script&gt;"},
		"NoAnswer":    {stranger, url.Values{"code": {code}}, 422, code},
	} {
		got := s.post(tc.user, tc.form)
		if got.Status != tc.status || !strings.Contains(got.Body, tc.says) || !strings.Contains(got.Body, "<form") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := s.post(stranger, url.Values{"code": {" " + code + "\n"}, "answer": {"accept"}}); got.Status != 200 || strings.Contains(got.Body, "<form") {
		t.Errorf("accepted: %d %s", got.Status, got.Body)
	}
	s.must(200, stranger, "GET", path+"/members", "")
	id, second := s.invite(path, "other@example.com")
	if got := s.post(nobody, url.Values{"code": {second}, "answer": {"decline"}}); got.Status != 200 {
		t.Errorf("declined: %d %s", got.Status, got.Body)
	}
	wantProblem(t, s.call(stranger, "POST", "/v1/invitations/"+id+"/accept", `{"token":"`+s.token(id)+`"}`), 404, "invitation_not_found")
}

// Owners see who is invited, page by page with the members, and take invitations back.
// Others see members only.
func TestFault07_TheListSaysInvited(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	path := s.open()
	id, _ := s.invite(path, "eve@example.com")
	var seen []rest.Member
	for after, more := "", true; more; {
		next := read[operation.Page[rest.Member]](t, s.must(200, owner, "GET", path+"/members?limit=1"+after, ""))
		seen, after, more = append(seen, next.Data...), "&after="+next.Next, next.HasMore
	}
	if len(seen) != 4 || seen[0].Status != "invited" || seen[0].Email != "eve@example.com" || seen[0].InvitationID != id || seen[0].InvitedBy != owner || seen[3].Status != "member" {
		t.Errorf("%+v", seen)
	}
	for _, user := range []string{manager, viewer} {
		if got := s.must(200, user, "GET", path+"/members", ""); strings.Contains(got.Body, "eve@example.com") {
			t.Errorf("%s", got.Body)
		}
		wantProblem(t, s.call(user, "DELETE", path+"/invitations/"+id, ""), 403, "role_too_low")
	}
	wantProblem(t, s.call(stranger, "DELETE", path+"/invitations/"+id, ""), 404, "merchant_not_found")
	s.must(204, owner, "DELETE", path+"/invitations/"+id, "")
	wantProblem(t, s.call(owner, "DELETE", path+"/invitations/"+id, ""), 404, "invitation_not_found")
	wantProblem(t, s.call(nobody, "POST", "/v1/invitations/"+id+"/accept", `{"token":"x"}`), 401, "unauthenticated")
	wantProblem(t, s.call(nobody, "POST", "/v1/invitations/"+id+"/decline", `{"token":"x"}`), 404, "invitation_not_found")
	wantProblem(t, s.call(owner, "DELETE", path+"/members/me", ""), 409, "last_owner")
	s.must(200, viewer, "DELETE", path+"/members/me", "")
	wantProblem(t, s.call(viewer, "DELETE", path+"/members/me", ""), 404, "member_not_found")
}
