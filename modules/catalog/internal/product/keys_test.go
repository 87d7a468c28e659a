package product_test

import (
	"context"
	"testing"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/modules/merchants/merchantsv1"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/ids"
)

// key is a context in which an API key calls.
func key(s *catalogtest.Shop, merchantID string, scopes ...identity.Scope) context.Context {
	return identity.NewContext(s.T.Context(), identity.Principal{Method: identity.APIKey, KeyID: "key_1", Merchant: merchantID, Scopes: scopes})
}

// An API key does for its merchant what its scopes say, and nothing for any other.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		draft := product.Draft{MerchantID: catalogtest.Merchant, Title: "Chair", SKU: "C-1", Price: catalogtest.Euro, Stock: 3}
		p, err := s.Products.Create(key(s, catalogtest.Merchant, "catalog:write"), draft)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Stock.ByProduct(key(s, catalogtest.Merchant, "catalog:read"), p.ID); err != nil {
			t.Error(err)
		}
		if _, err := s.Stock.Correct(key(s, catalogtest.Merchant, "catalog:write"), stock.Correction{ProductID: p.ID, Delta: 2, Reason: "delivery"}); err != nil {
			t.Error(err)
		}
		other := ids.Derive("mrc", catalogtest.Start, "other")
		for name, tc := range map[string]struct {
			key    context.Context
			reason string
		}{
			"another merchant's": {key(s, other, "catalog:write", "catalog:read"), "product_not_found"},
			"without the scope":  {key(s, catalogtest.Merchant, "catalog:read", "orders:write"), "scope_required"},
		} {
			_, err := s.Stock.Correct(tc.key, stock.Correction{ProductID: p.ID, Delta: 1, Reason: "mine"})
			if fault.ReasonOf(err) != tc.reason {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.Products.Create(key(s, other, "catalog:write"), draft); fault.ReasonOf(err) != "merchant_not_found" {
			t.Errorf("product for another merchant: %v", err)
		}
		if _, err := s.Stock.ByProduct(key(s, catalogtest.Merchant, "catalog:write"), p.ID); fault.ReasonOf(err) != "scope_required" {
			t.Errorf("read with the scope to write: %v", err)
		}
	})
}

func TestAPIKeyOfAMerchantNotApproved(t *testing.T) {
	t.Parallel()
	catalogtest.Each(t, func(t *testing.T, s *catalogtest.Shop) {
		unapproved := catalogtest.Members(func(string, string) (merchantsv1.Role, bool) { return merchantsv1.Role_ROLE_UNSPECIFIED, false })
		pending := product.New(product.Options{DB: s.DB, Now: s.Now, Members: unapproved})
		_, err := pending.Create(key(s, catalogtest.Merchant, "catalog:write"), product.Draft{MerchantID: catalogtest.Merchant, Title: "Chair", SKU: "C-1", Price: catalogtest.Euro})
		if fault.ReasonOf(err) != "merchant_not_approved" {
			t.Errorf("got %v", err)
		}
	})
}
