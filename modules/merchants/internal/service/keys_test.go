package service_test

import (
	"context"
	"testing"
	"time"

	"app/modules/merchants/internal/service"
	"app/modules/merchants/merchantsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/identity"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v := open(t, s, "usr_ada", "Lamps")
		join(t, s, "usr_ada", v.ID, "usr_bob", merchantsv1.Role_ROLE_MANAGER)
		admin := identity.NewContext(context.Background(), identity.Principal{UserID: "usr_root", Admin: true})
		until := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		for name, ctx := range map[string]context.Context{"owner": as("usr_ada"), "administrator": admin} {
			info, key, err := s.CreateKey(ctx, v.ID, service.KeyDraft{Name: "till", Scopes: []string{"orders:read"}, ExpiresAt: &until})
			if err != nil || key != "souk_x" || info.GetName() != "till" || !info.GetExpiresAt().AsTime().Equal(until) {
				t.Errorf("%s: %v, %q, %v", name, info, key, err)
			}
			keys, err := s.Keys(ctx, v.ID)
			if err != nil || len(keys) != 2 || !keys[0].MakerIsMember || keys[0].GetId() != "key_of_"+v.ID {
				t.Errorf("%s: %v, %v", name, keys, err)
			}
			if err := s.RevokeKey(ctx, v.ID, "key_1"); err != nil {
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
			_, key, create := s.CreateKey(want.ctx, want.merchant, service.KeyDraft{Name: "till", Scopes: []string{"orders:read"}})
			_, list := s.Keys(want.ctx, want.merchant)
			for what, err := range map[string]error{"create": create, "list": list, "revoke": s.RevokeKey(want.ctx, want.merchant, "key_1")} {
				if fault.ReasonOf(err) != want.reason || key != "" {
					t.Errorf("%s: %s: %v", name, what, err)
				}
			}
		}
	})
}

func TestKeysRefusedByUsers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *database.DB) {
		s := newService(db, true)
		v := open(t, s, "usr_ada", "Lamps")
		_, _, err := s.CreateKey(as("usr_ada"), v.ID, service.KeyDraft{Name: "till"})
		if f := fault.From(err); f.Code != fault.InvalidArgument || len(f.Fields) != 1 || f.Fields[0].Pointer != "/scopes" {
			t.Errorf("no scopes: %v", err)
		}
		_, _, err = s.CreateKey(as("usr_ada"), v.ID, service.KeyDraft{Name: "one too many", Scopes: []string{"orders:read"}})
		if f := fault.From(err); f.Code != fault.ResourceExhausted || f.Reason != "too_many_api_keys" {
			t.Errorf("too many: %v", err)
		}
		if f := fault.From(s.RevokeKey(as("usr_ada"), v.ID, "key_2")); f.Code != fault.NotFound || f.Reason != "api_key_not_found" {
			t.Errorf("unknown key: %v", f)
		}
	})
}
