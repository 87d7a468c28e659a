package operation_test

import (
	"testing"

	"app/platform/fault"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

func TestAdmit(t *testing.T) {
	t.Parallel()
	user := identity.Principal{UserID: "usr_1", Method: identity.Bearer}
	admin := identity.Principal{UserID: "usr_2", Method: identity.Session, Admin: true}
	key := operationtest.Key("mrc_1", "orders:read", "emails:send")
	for name, tc := range map[string]struct {
		access operation.Access
		scope  identity.Scope
		who    identity.Principal
		want   string
	}{
		"PublicNobody":          {operation.Public, "", identity.Principal{}, ""},
		"PublicKey":             {operation.Public, "", key, ""},
		"OptionalNobody":        {operation.Optional, "orders:read", identity.Principal{}, ""},
		"OptionalKey":           {operation.Optional, "orders:read", key, ""},
		"OptionalClosedToKeys":  {operation.Optional, "", key, "api_key_refused"},
		"UserNobody":            {operation.User, "", identity.Principal{}, "unauthenticated"},
		"User":                  {operation.User, "catalog:write", user, ""},
		"UserClosedToKeys":      {operation.User, "", key, "api_key_refused"},
		"MemberKeyOtherScope":   {operation.Member, "catalog:write", key, "scope_required"},
		"MemberKey":             {operation.Member, "orders:read", key, ""},
		"AdminUser":             {operation.Admin, "", user, "permission_denied"},
		"Admin":                 {operation.Admin, "", admin, ""},
		"AdminOneFactor":        {operation.Admin, "", admin.Withhold(), "second_factor_required"},
		"UserOneFactor":         {operation.Admin, "", user.Withhold(), "permission_denied"},
		"OwnOneFactor":          {operation.User, "", admin.Withhold(), ""},
		"MemberOneFactor":       {operation.Member, "", user.Withhold(), ""},
		"AdminKey":              {operation.Admin, "emails:send", key, ""},
		"AdminClosedToKeys":     {operation.Admin, "", key, "api_key_refused"},
		"KeyWithoutAMerchant":   {operation.Member, "orders:read", operationtest.Key("", "orders:read"), "unauthenticated"},
		"UserWithScopesOfAKey":  {operation.Admin, "emails:send", identity.Principal{UserID: "usr_1", Scopes: key.Scopes}, "permission_denied"},
		"AccessThatNobodyKnows": {"members", "orders:read", admin, "unauthenticated"},
	} {
		op := operation.Operation{Access: tc.access, Scope: tc.scope}
		err := op.Admit(tc.who)
		if got := fault.ReasonOf(err); got != tc.want || (err == nil) != (tc.want == "") {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
