package invitation_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchantstest"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// Who calls.
const (
	owner    = merchantstest.Owner
	manager  = merchantstest.Manager
	viewer   = merchantstest.Viewer
	stranger = merchantstest.Stranger
	nobody   = merchantstest.Nobody
)

// post sends the form of the page as a browser does.
func post(a merchantstest.API, user string, form url.Values) operationtest.Reply {
	a.Helper()
	who := identity.Principal{UserID: user, Method: identity.Session}
	return operationtest.Send(a, who, "POST", "/v1/invitations/letter", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
}

func invite(a merchantstest.API, path, email string) (id, code string) {
	a.Helper()
	m := operationtest.ReadStrict[member.Body](a, a.Must(202, owner, "POST", path+"/members", `{"email":"`+email+`","role":"viewer"}`))
	return m.InvitationID, m.InvitationID + "-" + a.Token(m.InvitationID)
}

// The page answers an invitation; opening it spends nothing, and it keeps what was
// typed when something has to be done first.
func TestFault07_InvitationPage(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant()
	_, code := invite(a, path, "eve@example.com")
	shown := a.Must(200, nobody, "GET", "/v1/invitations/letter", "")
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
		got := post(a, tc.user, tc.form)
		if got.Status != tc.status || !strings.Contains(got.Body, tc.says) || !strings.Contains(got.Body, "<form") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := post(a, stranger, url.Values{"code": {" " + code + "\n"}, "answer": {"accept"}}); got.Status != 200 || strings.Contains(got.Body, "<form") {
		t.Errorf("accepted: %d %s", got.Status, got.Body)
	}
	a.Must(200, stranger, "GET", path+"/members", "")
	id, second := invite(a, path, "other@example.com")
	if got := post(a, nobody, url.Values{"code": {second}, "answer": {"decline"}}); got.Status != 200 {
		t.Errorf("declined: %d %s", got.Status, got.Body)
	}
	wantProblem(t, a.Call(stranger, "POST", "/v1/invitations/"+id+"/accept", `{"token":"`+a.Token(id)+`"}`), 404, "invitation_not_found")
}

// Owners see who is invited, page by page with the members, and take invitations back.
// Others see members only.
func TestFault07_TheListSaysInvited(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant()
	id, _ := invite(a, path, "eve@example.com")
	var seen []member.Body
	for after, more := "", true; more; {
		next := operationtest.ReadStrict[operation.Page[member.Body]](t, a.Must(200, owner, "GET", path+"/members?limit=1"+after, ""))
		seen, after, more = append(seen, next.Data...), "&after="+next.Next, next.HasMore
	}
	if len(seen) != 4 || seen[0].Status != "invited" || seen[0].Email != "eve@example.com" || seen[0].InvitationID != id || seen[0].InvitedBy != owner || seen[3].Status != "member" {
		t.Errorf("%+v", seen)
	}
	for _, user := range []string{manager, viewer} {
		if got := a.Must(200, user, "GET", path+"/members", ""); strings.Contains(got.Body, "eve@example.com") {
			t.Errorf("%s", got.Body)
		}
		wantProblem(t, a.Call(user, "DELETE", path+"/invitations/"+id, ""), 403, "role_too_low")
	}
	wantProblem(t, a.Call(stranger, "DELETE", path+"/invitations/"+id, ""), 404, "merchant_not_found")
	a.Must(204, owner, "DELETE", path+"/invitations/"+id, "")
	wantProblem(t, a.Call(owner, "DELETE", path+"/invitations/"+id, ""), 404, "invitation_not_found")
	wantProblem(t, a.Call(nobody, "POST", "/v1/invitations/"+id+"/accept", `{"token":"x"}`), 401, "unauthenticated")
	wantProblem(t, a.Call(nobody, "POST", "/v1/invitations/"+id+"/decline", `{"token":"x"}`), 404, "invitation_not_found")
	wantProblem(t, a.Call(owner, "DELETE", path+"/members/me", ""), 409, "last_owner")
	a.Must(200, viewer, "DELETE", path+"/members/me", "")
	wantProblem(t, a.Call(viewer, "DELETE", path+"/members/me", ""), 404, "member_not_found")
}

// What an owner learns by inviting is the same for every address, and nobody is a
// member before they say so.
func TestFault07_InvitationsTellNothing(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant()
	mask := func(email string) string {
		got := a.Call(owner, "POST", path+"/members", `{"email":"`+email+`","role":"owner"}`)
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
	wantProblem(t, a.Call(stranger, "GET", path+"/members", ""), 404, "merchant_not_found")
}
