package rest_test

import (
	"reflect"
	"slices"
	"testing"

	"app/modules/merchants/internal/rest"
	"app/modules/merchants/internal/service"
	"app/modules/merchants/internal/store"
	"app/modules/merchants/merchantsv1"
	"app/platform/database/dbtest"
)

// A field of a reply that nothing is put into is one that was forgotten.
func TestRepliesAreComplete(t *testing.T) {
	t.Parallel()
	v, m, i := dbtest.Filled[service.View](t), dbtest.Filled[store.Member](t), dbtest.Filled[store.Invitation](t)
	v.Role, m.Role, i.Role = merchantsv1.Role_ROLE_OWNER, merchantsv1.Role_ROLE_MANAGER, merchantsv1.Role_ROLE_VIEWER
	wantFilled(t, rest.RenderMerchant(v))
	wantFilled(t, rest.RenderMember(m), "InvitationID", "Email", "InvitedBy", "ExpiresAt")
	wantFilled(t, rest.RenderInvitation(i), "UserID")
}

// wantFilled fails for a field that is left at zero, but for those of another kind of
// entry.
func wantFilled(t *testing.T, reply any, except ...string) {
	t.Helper()
	v := reflect.ValueOf(reply)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() != slices.Contains(except, name) {
			t.Errorf("%s.%s is %v", v.Type(), name, v.Field(i))
		}
	}
}
