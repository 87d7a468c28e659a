package identity_test

import (
	"testing"

	"app/platform/identity"
)

func TestActsFor(t *testing.T) {
	t.Parallel()
	key := identity.Principal{Method: identity.APIKey, KeyID: "key_1", Merchant: "mrc_1", Scopes: []identity.Scope{"orders:read"}}
	posing := key
	posing.Method, posing.UserID = identity.Bearer, "usr_1"
	for name, tc := range map[string]struct {
		who      identity.Principal
		merchant string
		scope    identity.Scope
		want     bool
	}{
		"Own":            {key, "mrc_1", "orders:read", true},
		"OtherMerchant":  {key, "mrc_2", "orders:read", false},
		"OtherScope":     {key, "mrc_1", "catalog:write", false},
		"NoMerchant":     {key, "", "orders:read", false},
		"UserIsNoKey":    {posing, "mrc_1", "orders:read", false},
		"KeyOfNoOne":     {identity.Principal{Method: identity.APIKey, Scopes: key.Scopes}, "", "orders:read", false},
		"AnonymousAsKey": {identity.Principal{}, "", "", false},
	} {
		if got := tc.who.ActsFor(tc.merchant, tc.scope); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
