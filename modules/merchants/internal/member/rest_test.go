package member_test

import (
	"strings"
	"testing"

	"app/modules/merchants/internal/merchantstest"
)

// Who calls.
const (
	owner    = merchantstest.Owner
	manager  = merchantstest.Manager
	viewer   = merchantstest.Viewer
	stranger = merchantstest.Stranger
	ghost    = merchantstest.Ghost
)

func TestRoles(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant()
	for _, user := range []string{manager, viewer} {
		a.Must(200, user, "GET", path+"/members", "")
		wantProblem(t, a.Call(user, "PATCH", path, `{"name":"x"}`), 403, "role_too_low")
		wantProblem(t, a.Call(user, "POST", path+"/members", `{"user_id":"`+user+`","role":"owner"}`), 403, "role_too_low")
		wantProblem(t, a.Call(user, "DELETE", path+"/members/"+owner, ""), 403, "role_too_low")
	}
	wantProblem(t, a.Call(owner, "DELETE", path+"/members/"+owner, ""), 409, "last_owner")
	wantProblem(t, a.Call(owner, "POST", path+"/members", `{"user_id":"`+owner+`","role":"viewer"}`), 409, "last_owner")
	wantProblem(t, a.Call(owner, "DELETE", path+"/members/"+stranger, ""), 404, "member_not_found")
	a.Must(200, viewer, "DELETE", path+"/members/"+viewer, "") // leaves
	wantProblem(t, a.Call(viewer, "GET", path+"/members", ""), 404, "merchant_not_found")
	a.Must(201, owner, "POST", path+"/members", `{"user_id":"`+manager+`","role":"owner"}`)
	a.Must(200, manager, "DELETE", path+"/members/"+owner, "")
	a.Must(200, manager, "PATCH", path, `{"name":"Lanterns"}`)
}

// Whoever goes leaves keys behind: the reply names them, and the list says that their
// maker is no member.
func TestFault32_KeysOfWhoeverGoes(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant()
	got := a.Must(200, manager, "DELETE", path+"/members/me", "")
	if !strings.Contains(got.Body, `"id":"key_2"`) || strings.Contains(got.Body, `"id":"key_1"`) {
		t.Errorf("left behind: %s", got.Body)
	}
	list := a.Must(200, owner, "GET", path+"/api-keys", "").Body
	if strings.Count(list, `"maker_is_member":true`) != 1 || strings.Count(list, `"maker_is_member":false`) != 1 || strings.Count(list, `"endless":true`) != 2 {
		t.Errorf("keys: %s", list)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	a := merchantstest.NewAPI(t)
	path := a.OpenMerchant() + "/members"
	for name, tc := range map[string]struct{ body, pointer string }{
		"NoRole":    {`{"user_id":"` + stranger + `"}`, "/role"},
		"BadRole":   {`{"user_id":"` + stranger + `","role":"boss"}`, "/role"},
		"Nobody":    {`{"role":"viewer"}`, "/user_id"},
		"TwoNames":  {`{"user_id":"` + stranger + `","email":"04@example.com","role":"viewer"}`, "/user_id"},
		"NoAddress": {`{"email":"who","role":"viewer"}`, "/email"},
		"NotYet":    {`{"user_id":"` + stranger + `","role":"viewer"}`, "/user_id"},
		"UnknownID": {`{"user_id":"` + ghost + `","role":"viewer"}`, "/user_id"},
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, a.Call(owner, "POST", path, tc.body), 422, "validation_failed", tc.pointer)
		})
	}
}
