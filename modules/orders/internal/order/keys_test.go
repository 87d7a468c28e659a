package order_test

import (
	"context"
	"testing"

	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/orderstest"
	"app/platform/fault"
	"app/platform/identity"
)

func apiKey(merchant string, scopes ...identity.Scope) caller.Caller {
	return caller.Caller{Principal: identity.Principal{Method: identity.APIKey, KeyID: "key_1", Merchant: merchant, Scopes: scopes}}
}

// An API key reads its merchant's orders, cancels them with the scope to write, and
// sees nothing of any other merchant's.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		ctx := context.Background()
		o, _ := s.Placed() // of mrc_a
		reads, writes := apiKey(orderstest.MerchantA, "orders:read"), apiKey(orderstest.MerchantA, "orders:write")
		list, err := s.Orders.List(ctx, reads, order.Filter{MerchantID: orderstest.MerchantA, Limit: 10})
		s.Must(err)
		view, err := s.Orders.Get(ctx, reads, o.ID)
		s.Must(err)
		if len(list) != 1 || list[0].ID != o.ID || !view.Merchant || len(view.Lines) != 1 {
			t.Errorf("%+v, %+v", list, view)
		}
		_, err = s.Orders.Cancel(ctx, reads, o.ID)
		orderstest.WantReason(t, err, fault.PermissionDenied, "role_too_low")
		for name, stranger := range map[string]caller.Caller{
			"another merchant's": apiKey(orderstest.MerchantB, "orders:read", "orders:write"), "without the scope": apiKey(orderstest.MerchantA, "catalog:write"),
		} {
			_, err = s.Orders.Get(ctx, stranger, o.ID)
			orderstest.WantReason(t, err, fault.NotFound, "order_not_found")
			_, err = s.Orders.Cancel(ctx, stranger, o.ID)
			orderstest.WantReason(t, err, fault.NotFound, "order_not_found")
			if _, err = s.Orders.List(ctx, stranger, order.Filter{MerchantID: orderstest.MerchantA, Limit: 10}); fault.ReasonOf(err) != "merchant_not_found" {
				t.Errorf("%s lists: %v", name, err)
			}
		}
		_, err = s.Orders.List(ctx, reads, order.Filter{Limit: 10})
		orderstest.WantReason(t, err, fault.PermissionDenied, "permission_denied")
		_, err = s.Orders.Cancel(ctx, writes, o.ID)
		s.Must(err)
		s.WantStatus(o.ID, order.Cancelled)
		if s.Merchants.Asked != 0 {
			t.Errorf("merchants was asked %d times for the role of a key", s.Merchants.Asked)
		}
	})
}
