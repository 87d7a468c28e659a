package merchant_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/internal/merchant"
	"app/modules/merchants/internal/merchantstest"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

// Who calls.
const (
	owner    = merchantstest.Owner
	manager  = merchantstest.Manager
	stranger = merchantstest.Stranger
	admin    = merchantstest.Admin
	ghost    = merchantstest.Ghost
	nobody   = merchantstest.Nobody
)

func TestWireShapes(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	made := a.Must(201, owner, "POST", "/v1/merchants", `{"name":" Café Ünïque ","description":"Lamps\nand light"}`)
	m := operationtest.ReadStrict[merchant.Body](t, made)
	path := "/v1/merchants/" + m.ID
	const form = `{"id":%q,"slug":"cafe-unique","name":"Café Ünïque","description":"Lamps\nand light","status":"approved",%s"created_at":"2026-03-01T12:00:00.123456Z"}`
	own := fmt.Sprintf(form, m.ID, `"role":"owner",`)
	others := fmt.Sprintf(form, m.ID, "")
	want := []string{own + "\n", path, `"1"`, own + "\n", others + "\n", others + "\n", `{"data":[` + others + `],"has_more":false}` + "\n", `{"data":[],"has_more":false}` + "\n"}
	got := []string{
		made.Body, made.Header.Get("Location"), made.Header.Get("ETag"),
		a.Must(200, owner, "GET", path, "").Body, a.Must(200, stranger, "GET", path, "").Body, a.Must(200, nobody, "GET", path, "").Body,
		a.Must(200, owner, "GET", "/v1/merchants", "").Body, a.Must(200, stranger, "GET", "/v1/merchants", "").Body,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	joined := a.JoinAt(path, manager, "manager")
	changed := a.Must(201, owner, "POST", path+"/members", `{"user_id":"`+manager+`","role":"manager"}`)
	list := a.Must(200, owner, "GET", path+"/members?limit=1", "")
	if diff := cmp.Diff(`{"user_id":"`+manager+`","role":"manager","status":"member","created_at":"2026-03-01T12:00:00.123456Z"}`+"\n", changed.Body); diff != "" || joined != operationtest.ReadStrict[member.Body](t, changed) {
		t.Errorf("-want +got\n%s", diff)
	}
	first := operationtest.ReadStrict[operation.Page[member.Body]](t, list)
	second := operationtest.ReadStrict[operation.Page[member.Body]](t, a.Must(200, owner, "GET", path+"/members?limit=1&after="+first.Next, ""))
	if len(first.Data) != 1 || !first.HasMore || len(second.Data) != 1 || second.HasMore || first.Data[0] == second.Data[0] {
		t.Errorf("%+v then %+v", first, second)
	}
}

func TestFailure18_AnotherMerchant(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant()
	const absent = "/v1/merchants/mrc_01kan4v6e8fx2s1gq0vj5t3x7c"
	for _, route := range []struct{ method, path, body string }{
		{"PATCH", "", `{"name":"Mine now"}`},
		{"GET", "/members", ""},
		{"POST", "/members", `{"user_id":"` + stranger + `","role":"owner"}`},
		{"POST", "/members", `{"email":"unknown@example.com","role":"viewer"}`},
		{"DELETE", "/members/" + owner, ""},
	} {
		theirs := a.Call(stranger, route.method, path+route.path, route.body)
		wantProblem(t, theirs, 404, "merchant_not_found")
		if none := a.Call(stranger, route.method, absent+route.path, route.body); none.Body != theirs.Body {
			t.Errorf("%s %s: another's can be told from none:\n%s%s", route.method, route.path, theirs.Body, none.Body)
		}
		wantProblem(t, a.Call(stranger, route.method, "/v1/merchants/x"+route.path, route.body), 404, "merchant_not_found")
		wantProblem(t, a.Call(nobody, route.method, path+route.path, route.body), 401, "unauthenticated")
	}
	if got := operationtest.ReadStrict[merchant.Body](t, a.Must(200, owner, "GET", path, "")); got.Name != "Lamps" {
		t.Errorf("got %+v", got)
	}
}

func TestPendingAndApproved(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	a.Merchants.AutoApprove = false
	path := "/v1/merchants/" + operationtest.ReadStrict[merchant.Body](t, a.Must(201, owner, "POST", "/v1/merchants", `{"name":"Lamps"}`)).ID
	wantProblem(t, a.Call(stranger, "GET", path, ""), 404, "merchant_not_found")
	wantProblem(t, a.Call(owner, "POST", path+"/approve", ""), 403, "permission_denied")
	wantProblem(t, a.Call(nobody, "POST", path+"/approve", ""), 401, "unauthenticated")
	wantProblem(t, a.Call(admin, "POST", "/v1/merchants/mrc_01kan4v6e8fx2s1gq0vj5t3x7c/approve", ""), 404, "merchant_not_found")
	a.Must(200, admin, "POST", path+"/approve", "")
	if got := operationtest.ReadStrict[merchant.Body](t, a.Must(200, stranger, "GET", path, "")); got.Status != "approved" {
		t.Errorf("got %+v", got)
	}
}

func TestUpdate_REST(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant()
	got := a.Must(200, owner, "PATCH", path, `{"name":" Lanterns "}`, `If-Match: "1"`)
	if m := operationtest.ReadStrict[merchant.Body](t, got); m.Name != "Lanterns" || m.Slug != "lamps" || got.Header.Get("ETag") != `"2"` {
		t.Errorf("%v %s", got.Header, got.Body)
	}
	wantProblem(t, a.Call(owner, "PATCH", path, `{"name":"x"}`, `If-Match: "1"`), 412, "version_mismatch")
	wantProblem(t, a.Call(owner, "PATCH", path, `{"name":" ","description":"a\u0000b"}`), 422, "validation_failed", "/description", "/name")
	wantProblem(t, a.Call(owner, "PATCH", path, `{"slug":"mine","status":"approved"}`), 422, "validation_failed", "/slug", "/status")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant()
	for name, tc := range map[string]struct {
		user, method, path, body string
		status                   int
		code                     string
		pointers                 []string
	}{
		"Nobody":           {nobody, "POST", "/v1/merchants", `{"name":"x"}`, 401, "unauthenticated", nil},
		"NoAccount":        {ghost, "POST", "/v1/merchants", `{"name":"x"}`, 401, "unauthenticated", nil},
		"Nothing":          {owner, "POST", "/v1/merchants", `{}`, 422, "validation_failed", []string{"/name"}},
		"BlankName":        {owner, "POST", "/v1/merchants", `{"name":"  "}`, 422, "validation_failed", []string{"/name"}},
		"HeaderInName":     {owner, "POST", "/v1/merchants", `{"name":"Lamps\r\nBcc: x@example.com"}`, 422, "validation_failed", []string{"/name"}},
		"SeparatorInName":  {owner, "POST", "/v1/merchants", `{"name":"a\u2028b"}`, 422, "validation_failed", []string{"/name"}},
		"WrongTypes":       {owner, "POST", "/v1/merchants", `{"name":1,"slug":false}`, 422, "validation_failed", []string{"/name", "/slug"}},
		"UnknownField":     {owner, "POST", "/v1/merchants", `{"name":"x","status":"approved"}`, 422, "validation_failed", []string{"/status"}},
		"BadSlug":          {owner, "POST", "/v1/merchants", `{"name":"x","slug":"No Good"}`, 422, "validation_failed", []string{"/slug"}},
		"TakenSlug":        {owner, "POST", "/v1/merchants", `{"name":"x","slug":"lamps"}`, 409, "slug_taken", nil},
		"LongTexts":        {owner, "POST", "/v1/merchants", `{"name":"` + strings.Repeat("x", 201) + `","description":"` + strings.Repeat("x", 5001) + `"}`, 422, "validation_failed", []string{"/description", "/name"}},
		"BadJSON":          {owner, "POST", "/v1/merchants", `{"name":"x"`, 400, "malformed_json", []string{""}},
		"BadCursor":        {owner, "GET", "/v1/merchants?after=x", "", 422, "validation_failed", []string{"/after"}},
		"BadLimit":         {owner, "GET", "/v1/merchants?limit=0", "", 422, "validation_failed", []string{"/limit"}},
		"MalformedID":      {nobody, "GET", "/v1/merchants/%27%20or%201=1", "", 404, "merchant_not_found", nil},
		"DeleteNotAllowed": {owner, "DELETE", path, "", 405, "method_not_allowed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, a.Call(tc.user, tc.method, tc.path, tc.body), tc.status, tc.code, tc.pointers...)
		})
	}
}

// One account opens a few merchants and no more.
func TestFault01_MerchantsPerAccount(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	for i := range 10 {
		a.Must(201, owner, "POST", "/v1/merchants", fmt.Sprintf(`{"name":"Lamps %d"}`, i))
	}
	wantProblem(t, a.Call(owner, "POST", "/v1/merchants", `{"name":"One too many"}`), 429, "too_many_merchants")
	a.Must(201, stranger, "POST", "/v1/merchants", `{"name":"Somebody else's"}`)
}
