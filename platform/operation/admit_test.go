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
	key := operationtest.Key("mrc_1", identity.OrdersRead, identity.EmailsSend)
	for name, tc := range map[string]struct {
		access operation.Access
		scope  identity.Scope
		who    identity.Principal
		want   string
	}{
		"PublicNobody":          {operation.Public, "", identity.Principal{}, ""},
		"PublicKey":             {operation.Public, "", key, ""},
		"OptionalNobody":        {operation.Optional, identity.OrdersRead, identity.Principal{}, ""},
		"OptionalKey":           {operation.Optional, identity.OrdersRead, key, ""},
		"OptionalClosedToKeys":  {operation.Optional, "", key, "api_key_refused"},
		"UserNobody":            {operation.User, "", identity.Principal{}, "unauthenticated"},
		"User":                  {operation.User, identity.CatalogWrite, user, ""},
		"UserClosedToKeys":      {operation.User, "", key, "api_key_refused"},
		"MemberKeyOtherScope":   {operation.Member, identity.CatalogWrite, key, "scope_required"},
		"MemberKey":             {operation.Member, identity.OrdersRead, key, ""},
		"AdminUser":             {operation.Admin, "", user, "permission_denied"},
		"Admin":                 {operation.Admin, "", admin, ""},
		"AdminOneFactor":        {operation.Admin, "", admin.Withhold(), "second_factor_required"},
		"UserOneFactor":         {operation.Admin, "", user.Withhold(), "permission_denied"},
		"OwnOneFactor":          {operation.User, "", admin.Withhold(), ""},
		"MemberOneFactor":       {operation.Member, "", user.Withhold(), ""},
		"AdminKey":              {operation.Admin, identity.EmailsSend, key, ""},
		"AdminClosedToKeys":     {operation.Admin, "", key, "api_key_refused"},
		"KeyWithoutAMerchant":   {operation.Member, identity.OrdersRead, operationtest.Key("", identity.OrdersRead), "unauthenticated"},
		"UserWithScopesOfAKey":  {operation.Admin, identity.EmailsSend, identity.Principal{UserID: "usr_1", Scopes: key.Scopes}, "permission_denied"},
		"AccessThatNobodyKnows": {"members", identity.OrdersRead, admin, "unauthenticated"},
	} {
		op := operation.Operation{Access: tc.access, Scope: tc.scope}
		err := op.Admit(tc.who)
		if got := fault.ReasonOf(err); got != tc.want || (err == nil) != (tc.want == "") {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
