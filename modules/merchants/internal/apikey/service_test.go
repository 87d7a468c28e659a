package apikey_test

import (
	"context"
	"testing"
	"time"

	"app/modules/merchants/internal/apikey"
	"app/modules/merchants/internal/merchantstest"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
	"app/platform/identity"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_ada", "Lamps")
		s.Join("usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_MANAGER)
		admin := identity.NewContext(context.Background(), identity.Principal{UserID: "usr_root", Admin: true})
		until := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		for name, ctx := range map[string]context.Context{"owner": as("usr_ada"), "administrator": admin} {
			info, key, err := s.Keys.Create(ctx, v.ID, apikey.Draft{Name: "till", Scopes: []string{"orders:read"}, ExpiresAt: &until})
			if err != nil || key != "souk_x" || info.Name != "till" || !info.ExpiresAt.Equal(until) {
				t.Errorf("%s: %v, %q, %v", name, info, key, err)
			}
			keys, err := s.Keys.List(ctx, v.ID)
			if err != nil || len(keys) != 2 || !keys[0].MakerIsMember || keys[0].ID != "key_of_"+v.ID {
				t.Errorf("%s: %v, %v", name, keys, err)
			}
			if err := s.Keys.Revoke(ctx, v.ID, "key_1"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, want := range map[string]struct {
			ctx      context.Context
			merchant string
			reason   string
		}{
			"Manager":      {as("usr_bob"), v.ID, "role_too_low"},
			"Stranger":     {as("usr_eve"), v.ID, "merchant_not_found"},
			"Nobody":       {context.Background(), v.ID, "merchant_not_found"},
			"NoMerchant":   {as("usr_ada"), "mrc_x", "merchant_not_found"},
			"AdminNoMrc":   {admin, "mrc_x", "merchant_not_found"},
			"TheKeyItself": {identity.NewContext(context.Background(), identity.Principal{Method: identity.APIKey, KeyID: "key_1", Merchant: v.ID}), v.ID, "merchant_not_found"},
		} {
			_, key, create := s.Keys.Create(want.ctx, want.merchant, apikey.Draft{Name: "till", Scopes: []string{"orders:read"}})
			_, list := s.Keys.List(want.ctx, want.merchant)
			for what, err := range map[string]error{"create": create, "list": list, "revoke": s.Keys.Revoke(want.ctx, want.merchant, "key_1")} {
				if fault.ReasonOf(err) != want.reason || key != "" {
					t.Errorf("%s: %s: %v", name, what, err)
				}
			}
		}
	})
}

func TestKeysRefusedByUsers(t *testing.T) {
	t.Parallel()
	merchantstest.Each(t, func(t *testing.T, s *merchantstest.Shop) {
		v := s.Open("usr_ada", "Lamps")
		_, _, err := s.Keys.Create(as("usr_ada"), v.ID, apikey.Draft{Name: "till"})
		if f := fault.From(err); f.Code != fault.InvalidArgument || len(f.Fields) != 1 || f.Fields[0].Pointer != "/scopes" {
			t.Errorf("no scopes: %v", err)
		}
		_, _, err = s.Keys.Create(as("usr_ada"), v.ID, apikey.Draft{Name: "one too many", Scopes: []string{"orders:read"}})
		if f := fault.From(err); f.Code != fault.ResourceExhausted || f.Reason != "too_many_api_keys" {
			t.Errorf("too many: %v", err)
		}
		if f := fault.From(s.Keys.Revoke(as("usr_ada"), v.ID, "key_2")); f.Code != fault.NotFound || f.Reason != "api_key_not_found" {
			t.Errorf("unknown key: %v", f)
		}
	})
}
