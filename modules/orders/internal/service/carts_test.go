package service_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/platform/fault"
	"app/platform/money/moneyv1"
)

func TestEditLine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		a, b := s.catalog.add(merchantA, 1990), s.catalog.add(merchantB, 500)
		id, v := s.guestCart(a, b)

		t.Run("OK", func(t *testing.T) {
			before, err := s.Cart(ctx, v, id)
			s.must(err)
			after := s.put(id, v, a, 3)
			if after.Version != before.Version+1 || after.OrderID == before.OrderID {
				t.Errorf("version %d -> %d, order id %s -> %s: both must change", before.Version, after.Version, before.OrderID, after.OrderID)
			}
			stored, err := s.Cart(ctx, v, id)
			s.must(err)
			if diff := cmp.Diff(after, stored); diff != "" {
				t.Errorf("answered and stored differ:\n%s", diff)
			}
			if total, err := s.CartTotal(stored); err != nil || total.Amount != 3*1990+500 {
				t.Errorf("total is %s, %v", total, err)
			}
		})
		t.Run("the price is read again", func(t *testing.T) {
			s.catalog.reprice(b, &moneyv1.Money{Amount: 600, Currency: "EUR"})
			if got := s.put(id, v, b, 1).Lines[1].Price.Amount; got != 600 {
				t.Errorf("price is %d", got)
			}
		})
		t.Run("ErrCurrencyMixed", func(t *testing.T) {
			dollars := s.catalog.add(merchantA, 100)
			s.catalog.reprice(dollars, &moneyv1.Money{Amount: 100, Currency: "USD"})
			_, err := s.EditLine(ctx, v, service.Edit{CartID: id, ProductID: dollars, Quantity: 1})
			wantReason(t, err, fault.FailedPrecondition, "currency_mixed")
		})
		t.Run("ErrQuantity", func(t *testing.T) {
			_, err := s.EditLine(ctx, v, service.Edit{CartID: id, ProductID: a, Quantity: service.MaxQuantity + 1})
			wantReason(t, err, fault.InvalidArgument, "validation_failed")
		})
		t.Run("ErrNoProduct", func(t *testing.T) {
			for _, unknown := range []string{"prd_00000000000000000000000000", "1"} {
				_, err := s.EditLine(ctx, v, service.Edit{CartID: id, ProductID: unknown, Quantity: 1})
				wantReason(t, err, fault.NotFound, "product_not_found")
			}
		})
		t.Run("ErrVersion", func(t *testing.T) {
			stale := fault.New(fault.VersionMismatch, "version_mismatch", "")
			before, err := s.Cart(ctx, v, id)
			s.must(err)
			_, err = s.EditLine(ctx, v, service.Edit{CartID: id, ProductID: a, Quantity: 9, Match: func(version int64) error {
				if version != before.Version {
					t.Errorf("asked about version %d, want %d", version, before.Version)
				}
				return stale
			}})
			wantReason(t, err, fault.VersionMismatch, "version_mismatch")
		})
		t.Run("taken out", func(t *testing.T) {
			s.put(id, v, a, 0)
			if got := s.put(id, v, a, 0); len(got.Lines) != 1 {
				t.Errorf("%d lines are left", len(got.Lines))
			}
			if got := s.put(id, v, b, 0); len(got.Lines) != 0 || got.Currency != "" {
				t.Errorf("%d lines are left in %q", len(got.Lines), got.Currency)
			}
		})
		t.Run("an empty cart takes another currency", func(t *testing.T) {
			dollars := s.catalog.add(merchantA, 100)
			s.catalog.reprice(dollars, &moneyv1.Money{Amount: 100, Currency: "USD"})
			if got := s.put(id, v, dollars, 1); got.Currency != "USD" {
				t.Errorf("currency is %q", got.Currency)
			}
		})
	})
}

func TestCartIsFull(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id, v := s.guestCart()
	for range service.MaxLines {
		s.put(id, v, s.catalog.add(merchantA, 1), 1)
	}
	_, err := s.EditLine(context.Background(), v, service.Edit{CartID: id, ProductID: s.catalog.add(merchantA, 1), Quantity: 1})
	wantReason(t, err, fault.FailedPrecondition, "cart_full")
	o, err := s.Checkout(context.Background(), v, checkout(id, "k"))
	s.must(err)
	if got := s.order(o.ID); len(got.Lines) != service.MaxLines {
		t.Errorf("%d lines", len(got.Lines))
	}
}

func TestOrderedCartIsClosedUntilThePaymentFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		o, v := s.placed()
		edit := service.Edit{CartID: o.CartID, ProductID: o.Lines[0].ProductID, Quantity: 2}
		_, err := s.EditLine(ctx, v, edit)
		fields := wantReason(t, err, fault.FailedPrecondition, "cart_already_ordered")
		if diff := cmp.Diff([]fault.Field{{Pointer: "/order_id", Detail: o.ID}}, fields); diff != "" {
			t.Errorf("fields:\n%s", diff)
		}
		s.must(s.failed(o))
		cart, err := s.EditLine(ctx, v, edit)
		s.must(err)
		if cart.State != store.CartOpen || cart.OrderID == o.ID {
			t.Errorf("cart is %s for order %s", cart.State, cart.OrderID)
		}
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.merchants.roles[merchantA+"/usr_manager"] = merchantsv1.Role_ROLE_MANAGER
		s.merchants.roles[merchantA+"/usr_viewer"] = merchantsv1.Role_ROLE_VIEWER
		s.merchants.roles[merchantA+"/usr_unproven"] = merchantsv1.Role_ROLE_VIEWER // until there is a second factor
		t.Run("OK by the buyer, twice", func(t *testing.T) {
			o, v := s.placed()
			s.must(s.succeeded(o))
			for range 2 {
				view, err := s.Cancel(ctx, v, o.ID)
				s.must(err)
				if view.Status != store.Cancelled || view.Merchant {
					t.Errorf("order is %s, merchant's view %t", view.Status, view.Merchant)
				}
			}
			if got := s.lastCancelled(o.ID); got.GetReason().String() != "CANCEL_REASON_BY_BUYER" || !got.GetWasPaid() {
				t.Errorf("told %v", got)
			}
			if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Paid 2", "orders.Cancelled 3"}, s.told(o.ID)); diff != "" {
				t.Errorf("told:\n%s", diff)
			}
		})
		t.Run("OK by the merchant", func(t *testing.T) {
			o, _ := s.placed()
			view, err := s.Cancel(ctx, user("usr_manager"), o.ID)
			s.must(err)
			if !view.Merchant || s.lastCancelled(o.ID).GetReason().String() != "CANCEL_REASON_BY_MERCHANT" {
				t.Errorf("told %v", s.lastCancelled(o.ID))
			}
		})
		t.Run("ErrSecondFactor", func(t *testing.T) {
			o, _ := s.placed()
			for who, want := range map[string]string{"usr_unproven": "second_factor_required", "usr_viewer": "role_too_low"} {
				v := user(who)
				v.Principal = v.Principal.Withhold()
				_, err := s.Cancel(ctx, v, o.ID)
				wantReason(t, err, fault.PermissionDenied, want)
			}
		})
		t.Run("ErrRole", func(t *testing.T) {
			o, _ := s.placed()
			_, err := s.Cancel(ctx, user("usr_viewer"), o.ID)
			wantReason(t, err, fault.PermissionDenied, "role_too_low")
		})
		t.Run("ErrShared", func(t *testing.T) {
			cart, v := s.guestCart(s.catalog.add(merchantA, 1), s.catalog.add(merchantB, 1))
			o, err := s.Checkout(ctx, v, checkout(cart, "shared"))
			s.must(err)
			_, err = s.Cancel(ctx, user("usr_manager"), o.ID)
			wantReason(t, err, fault.FailedPrecondition, "order_shared")
		})
		t.Run("ErrRefunded", func(t *testing.T) {
			o, v := s.placed()
			s.must(s.succeeded(o), s.refunded(o, 1990, true))
			_, err := s.Cancel(ctx, v, o.ID)
			wantReason(t, err, fault.FailedPrecondition, "order_not_cancellable")
		})
	})
}

func TestEachMerchantSeesItsOwnLinesAndSum(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.merchants.roles[merchantA+"/usr_ann"] = merchantsv1.Role_ROLE_VIEWER
		s.merchants.roles[merchantB+"/usr_bob"] = merchantsv1.Role_ROLE_OWNER
		a, b := s.catalog.add(merchantA, 1990), s.catalog.add(merchantB, 500)
		cart, v := s.guestCart(a, b)
		s.put(cart, v, b, 4)
		o, err := s.Checkout(ctx, v, checkout(cart, "k"))
		s.must(err)
		for who, want := range map[string]struct {
			product string
			total   int64
		}{"usr_ann": {a, 1990}, "usr_bob": {b, 2000}} {
			view, err := s.Order(ctx, user(who), o.ID)
			s.must(err)
			if !view.Merchant || len(view.Lines) != 1 || view.Lines[0].ProductID != want.product || view.Total.Amount != want.total {
				t.Errorf("%s sees %v for %s", who, view.Lines, view.Total)
			}
			merchant := view.Lines[0].MerchantID
			list, err := s.Orders(ctx, user(who), service.List{MerchantID: merchant, Limit: 10})
			s.must(err)
			if len(list) != 1 || len(list[0].Lines) != 1 || list[0].Total.Amount != want.total {
				t.Errorf("%s lists %+v", who, list)
			}
		}
		whole, err := s.Order(ctx, v, o.ID)
		s.must(err)
		if whole.Merchant || len(whole.Lines) != 2 || whole.Total.Amount != 3990 {
			t.Errorf("the buyer sees %v for %s", whole.Lines, whole.Total)
		}
	})
}

func TestStockShortCancelsAPaidOrder(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, v := s.placed()
	s.must(s.succeeded(o), s.stockShort(o), s.stockShort(o))
	if got := s.lastCancelled(o.ID); got.GetReason().String() != "CANCEL_REASON_STOCK_SHORT" || !got.GetWasPaid() {
		t.Errorf("told %v", got)
	}
	cart, err := s.Cart(context.Background(), v, o.CartID)
	s.must(err)
	if cart.State != store.CartOrdered {
		t.Errorf("the cart is %s although its payment did not fail", cart.State)
	}
}

func TestCatalogLeavesProductsOut(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id, v := s.guestCart()
	product := s.catalog.add(merchantA, 1)
	s.catalog.productsFn = func(*catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error) {
		return &catalogv1.ProductsResponse{}, nil
	}
	_, err := s.EditLine(context.Background(), v, service.Edit{CartID: id, ProductID: product, Quantity: 1})
	wantReason(t, err, fault.NotFound, "product_not_found")
}
