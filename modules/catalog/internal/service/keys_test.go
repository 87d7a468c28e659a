package service_test

import (
	"context"
	"testing"
	"time"

	"app/modules/catalog/internal/service"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// key is a context in which an API key calls.
func (s *shop) key(merchantID string, scopes ...identity.Scope) context.Context {
	return identity.NewContext(s.t.Context(), identity.Principal{Method: identity.APIKey, KeyID: "key_1", Merchant: merchantID, Scopes: scopes})
}

// An API key does for its merchant what its scopes say, and nothing for any other.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		draft := service.Draft{MerchantID: merchant, Title: "Chair", SKU: "C-1", Price: euro, Stock: 3}
		p, err := s.Create(s.key(merchant, identity.CatalogWrite), draft)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Stock(s.key(merchant, identity.CatalogRead), p.ID); err != nil {
			t.Error(err)
		}
		if _, err := s.Correct(s.key(merchant, identity.CatalogWrite), service.Correction{ProductID: p.ID, Delta: 2, Reason: "delivery"}); err != nil {
			t.Error(err)
		}
		other := ids.Derive("mrc", start, "other")
		for name, tc := range map[string]struct {
			key    context.Context
			reason string
		}{
			"another merchant's": {s.key(other, identity.CatalogWrite, identity.CatalogRead), "product_not_found"},
			"without the scope":  {s.key(merchant, identity.CatalogRead, identity.OrdersWrite), "scope_required"},
		} {
			_, err := s.Correct(tc.key, service.Correction{ProductID: p.ID, Delta: 1, Reason: "mine"})
			if fault.ReasonOf(err) != tc.reason {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.Create(s.key(other, identity.CatalogWrite), draft); fault.ReasonOf(err) != "merchant_not_found" {
			t.Errorf("product for another merchant: %v", err)
		}
		if _, err := s.Stock(s.key(merchant, identity.CatalogWrite), p.ID); fault.ReasonOf(err) != "scope_required" {
			t.Errorf("read with the scope to write: %v", err)
		}
	})
}

func TestAPIKeyOfAMerchantNotApproved(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		pending := service.New(service.Options{DB: s.db, Now: func() time.Time { return start }, HoldTTL: holdTTL, Members: members(func(string, string) (merchantsv1.Role, bool) {
			return merchantsv1.Role_ROLE_UNSPECIFIED, false
		})})
		_, err := pending.Create(s.key(merchant, identity.CatalogWrite), service.Draft{MerchantID: merchant, Title: "Chair", SKU: "C-1", Price: euro})
		if fault.ReasonOf(err) != "merchant_not_approved" {
			t.Errorf("got %v", err)
		}
	})
}
