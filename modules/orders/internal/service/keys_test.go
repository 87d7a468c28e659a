package service_test

import (
	"context"
	"testing"

	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/platform/fault"
	"app/platform/identity"
)

func apiKey(merchant string, scopes ...identity.Scope) service.Visitor {
	return service.Visitor{Principal: identity.Principal{Method: identity.APIKey, KeyID: "key_1", Merchant: merchant, Scopes: scopes}}
}

// An API key reads its merchant's orders, cancels them with the scope to write, and
// sees nothing of any other merchant's.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		o, _ := s.placed() // of mrc_a
		reads, writes := apiKey(merchantA, identity.OrdersRead), apiKey(merchantA, identity.OrdersWrite)
		list, err := s.Orders(ctx, reads, service.List{MerchantID: merchantA, Limit: 10})
		s.must(err)
		view, err := s.Order(ctx, reads, o.ID)
		s.must(err)
		if len(list) != 1 || list[0].ID != o.ID || !view.Merchant || len(view.Lines) != 1 {
			t.Errorf("%+v, %+v", list, view)
		}
		_, err = s.Cancel(ctx, reads, o.ID)
		wantReason(t, err, fault.PermissionDenied, "role_too_low")
		for name, stranger := range map[string]service.Visitor{
			"another merchant's": apiKey(merchantB, identity.OrdersRead, identity.OrdersWrite), "without the scope": apiKey(merchantA, identity.CatalogWrite),
		} {
			_, err = s.Order(ctx, stranger, o.ID)
			wantReason(t, err, fault.NotFound, "order_not_found")
			_, err = s.Cancel(ctx, stranger, o.ID)
			wantReason(t, err, fault.NotFound, "order_not_found")
			if _, err = s.Orders(ctx, stranger, service.List{MerchantID: merchantA, Limit: 10}); fault.ReasonOf(err) != "merchant_not_found" {
				t.Errorf("%s lists: %v", name, err)
			}
		}
		_, err = s.Orders(ctx, reads, service.List{Limit: 10})
		wantReason(t, err, fault.PermissionDenied, "permission_denied")
		_, err = s.Cancel(ctx, writes, o.ID)
		s.must(err)
		s.wantStatus(o.ID, store.Cancelled)
		if s.merchants.asked != 0 {
			t.Errorf("merchants was asked %d times for the role of a key", s.merchants.asked)
		}
	})
}
