package order_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/orderstest"
	"app/platform/fault"
)

func TestCancel(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		ctx := context.Background()
		s.Merchants.Held[orderstest.MerchantA+"/usr_manager"] = merchantsv1.Role_ROLE_MANAGER
		s.Merchants.Held[orderstest.MerchantA+"/usr_viewer"] = merchantsv1.Role_ROLE_VIEWER
		s.Merchants.Held[orderstest.MerchantA+"/usr_unproven"] = merchantsv1.Role_ROLE_VIEWER // until there is a second factor
		t.Run("OK by the buyer, twice", func(t *testing.T) {
			o, v := s.Placed()
			s.Must(s.Succeeded(o))
			for range 2 {
				view, err := s.Orders.Cancel(ctx, v, o.ID)
				s.Must(err)
				if view.Status != order.Cancelled || view.Merchant {
					t.Errorf("order is %s, merchant's view %t", view.Status, view.Merchant)
				}
			}
			if got := s.LastCancelled(o.ID); got.GetReason().String() != "CANCEL_REASON_BY_BUYER" || !got.GetWasPaid() {
				t.Errorf("told %v", got)
			}
			if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Paid 2", "orders.Cancelled 3"}, s.Emitted(o.ID)); diff != "" {
				t.Errorf("told:\n%s", diff)
			}
		})
		t.Run("OK by the merchant", func(t *testing.T) {
			o, _ := s.Placed()
			view, err := s.Orders.Cancel(ctx, orderstest.User("usr_manager"), o.ID)
			s.Must(err)
			if !view.Merchant || s.LastCancelled(o.ID).GetReason().String() != "CANCEL_REASON_BY_MERCHANT" {
				t.Errorf("told %v", s.LastCancelled(o.ID))
			}
		})
		t.Run("ErrSecondFactor", func(t *testing.T) {
			o, _ := s.Placed()
			for who, want := range map[string]string{"usr_unproven": "second_factor_required", "usr_viewer": "role_too_low"} {
				v := orderstest.User(who)
				v.Principal = v.Principal.Withhold()
				_, err := s.Orders.Cancel(ctx, v, o.ID)
				orderstest.WantReason(t, err, fault.PermissionDenied, want)
			}
		})
		t.Run("ErrRole", func(t *testing.T) {
			o, _ := s.Placed()
			_, err := s.Orders.Cancel(ctx, orderstest.User("usr_viewer"), o.ID)
			orderstest.WantReason(t, err, fault.PermissionDenied, "role_too_low")
		})
		t.Run("ErrShared", func(t *testing.T) {
			cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1), s.Catalog.Add(orderstest.MerchantB, 1))
			o, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "shared"))
			s.Must(err)
			_, err = s.Orders.Cancel(ctx, orderstest.User("usr_manager"), o.ID)
			orderstest.WantReason(t, err, fault.FailedPrecondition, "order_shared")
		})
		t.Run("ErrRefunded", func(t *testing.T) {
			o, v := s.Placed()
			s.Must(s.Succeeded(o), s.Refunded(o, 1990, true))
			_, err := s.Orders.Cancel(ctx, v, o.ID)
			orderstest.WantReason(t, err, fault.FailedPrecondition, "order_not_cancellable")
		})
	})
}

func TestEachMerchantSeesItsOwnLinesAndSum(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		ctx := context.Background()
		s.Merchants.Held[orderstest.MerchantA+"/usr_ann"] = merchantsv1.Role_ROLE_VIEWER
		s.Merchants.Held[orderstest.MerchantB+"/usr_bob"] = merchantsv1.Role_ROLE_OWNER
		a, b := s.Catalog.Add(orderstest.MerchantA, 1990), s.Catalog.Add(orderstest.MerchantB, 500)
		cartID, v := s.GuestCart(a, b)
		s.Put(cartID, v, b, 4)
		o, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "k"))
		s.Must(err)
		for who, want := range map[string]struct {
			product string
			total   int64
		}{"usr_ann": {a, 1990}, "usr_bob": {b, 2000}} {
			view, err := s.Orders.Get(ctx, orderstest.User(who), o.ID)
			s.Must(err)
			if !view.Merchant || len(view.Lines) != 1 || view.Lines[0].ProductID != want.product || view.Total.Amount != want.total {
				t.Errorf("%s sees %v for %s", who, view.Lines, view.Total)
			}
			merchant := view.Lines[0].MerchantID
			list, err := s.Orders.List(ctx, orderstest.User(who), order.Filter{MerchantID: merchant, Limit: 10})
			s.Must(err)
			if len(list) != 1 || len(list[0].Lines) != 1 || list[0].Total.Amount != want.total {
				t.Errorf("%s lists %+v", who, list)
			}
		}
		whole, err := s.Orders.Get(ctx, v, o.ID)
		s.Must(err)
		if whole.Merchant || len(whole.Lines) != 2 || whole.Total.Amount != 3990 {
			t.Errorf("the buyer sees %v for %s", whole.Lines, whole.Total)
		}
	})
}

func TestStockShortCancelsAPaidOrder(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	o, v := s.Placed()
	s.Must(s.Succeeded(o), s.StockShort(o), s.StockShort(o))
	if got := s.LastCancelled(o.ID); got.GetReason().String() != "CANCEL_REASON_STOCK_SHORT" || !got.GetWasPaid() {
		t.Errorf("told %v", got)
	}
	kept, err := s.Carts.Get(context.Background(), v, o.CartID)
	s.Must(err)
	if kept.State != cart.Ordered {
		t.Errorf("the cart is %s although its payment did not fail", kept.State)
	}
}
