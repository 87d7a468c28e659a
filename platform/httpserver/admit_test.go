package httpserver_test

import (
	"testing"

	"app/platform/fault"
	"app/platform/httpserver"
	"app/platform/identity"
)

func TestAdmit(t *testing.T) {
	t.Parallel()
	user := identity.Principal{UserID: "usr_1", Method: identity.Bearer}
	admin := identity.Principal{UserID: "usr_2", Method: identity.Session, Admin: true}
	key := apiKey("mrc_1", identity.OrdersRead, identity.EmailsSend)
	for name, tc := range map[string]struct {
		access httpserver.Access
		scope  identity.Scope
		who    identity.Principal
		want   string
	}{
		"PublicNobody":          {httpserver.Public, "", identity.Principal{}, ""},
		"PublicKey":             {httpserver.Public, "", key, ""},
		"OptionalNobody":        {httpserver.Optional, identity.OrdersRead, identity.Principal{}, ""},
		"OptionalKey":           {httpserver.Optional, identity.OrdersRead, key, ""},
		"OptionalClosedToKeys":  {httpserver.Optional, "", key, "api_key_refused"},
		"UserNobody":            {httpserver.User, "", identity.Principal{}, "unauthenticated"},
		"User":                  {httpserver.User, identity.CatalogWrite, user, ""},
		"UserClosedToKeys":      {httpserver.User, "", key, "api_key_refused"},
		"MemberKeyOtherScope":   {httpserver.Member, identity.CatalogWrite, key, "scope_required"},
		"MemberKey":             {httpserver.Member, identity.OrdersRead, key, ""},
		"AdminUser":             {httpserver.Admin, "", user, "permission_denied"},
		"Admin":                 {httpserver.Admin, "", admin, ""},
		"AdminOneFactor":        {httpserver.Admin, "", admin.Withhold(), "second_factor_required"},
		"UserOneFactor":         {httpserver.Admin, "", user.Withhold(), "permission_denied"},
		"OwnOneFactor":          {httpserver.User, "", admin.Withhold(), ""},
		"MemberOneFactor":       {httpserver.Member, "", user.Withhold(), ""},
		"AdminKey":              {httpserver.Admin, identity.EmailsSend, key, ""},
		"AdminClosedToKeys":     {httpserver.Admin, "", key, "api_key_refused"},
		"KeyWithoutAMerchant":   {httpserver.Member, identity.OrdersRead, apiKey("", identity.OrdersRead), "unauthenticated"},
		"UserWithScopesOfAKey":  {httpserver.Admin, identity.EmailsSend, identity.Principal{UserID: "usr_1", Scopes: key.Scopes}, "permission_denied"},
		"AccessThatNobodyKnows": {"members", identity.OrdersRead, admin, "unauthenticated"},
	} {
		op := httpserver.Operation{Access: tc.access, Scope: tc.scope}
		err := op.Admit(tc.who)
		if got := fault.ReasonOf(err); got != tc.want || (err == nil) != (tc.want == "") {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
