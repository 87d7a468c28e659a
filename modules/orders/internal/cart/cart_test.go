package cart_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/orderstest"
	"app/platform/fault"
	"app/platform/money/moneyv1"
)

func TestEditLine(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		ctx := context.Background()
		a, b := s.Catalog.Add(orderstest.MerchantA, 1990), s.Catalog.Add(orderstest.MerchantB, 500)
		id, v := s.GuestCart(a, b)

		t.Run("OK", func(t *testing.T) {
			before, err := s.Carts.Get(ctx, v, id)
			s.Must(err)
			after := s.Put(id, v, a, 3)
			if after.Version != before.Version+1 || after.OrderID == before.OrderID {
				t.Errorf("version %d -> %d, order id %s -> %s: both must change", before.Version, after.Version, before.OrderID, after.OrderID)
			}
			stored, err := s.Carts.Get(ctx, v, id)
			s.Must(err)
			if diff := cmp.Diff(after, stored); diff != "" {
				t.Errorf("answered and stored differ:\n%s", diff)
			}
			if total, err := s.Carts.Total(stored); err != nil || total.Amount != 3*1990+500 {
				t.Errorf("total is %s, %v", total, err)
			}
		})
		t.Run("the price is read again", func(t *testing.T) {
			s.Catalog.Reprice(b, &moneyv1.Money{Amount: 600, Currency: "EUR"})
			if got := s.Put(id, v, b, 1).Lines[1].Price.Amount; got != 600 {
				t.Errorf("price is %d", got)
			}
		})
		t.Run("ErrCurrencyMixed", func(t *testing.T) {
			dollars := s.Catalog.Add(orderstest.MerchantA, 100)
			s.Catalog.Reprice(dollars, &moneyv1.Money{Amount: 100, Currency: "USD"})
			_, err := s.Carts.EditLine(ctx, v, cart.Edit{CartID: id, ProductID: dollars, Quantity: 1})
			orderstest.WantReason(t, err, fault.FailedPrecondition, "currency_mixed")
		})
		t.Run("ErrQuantity", func(t *testing.T) {
			_, err := s.Carts.EditLine(ctx, v, cart.Edit{CartID: id, ProductID: a, Quantity: cart.MaxQuantity + 1})
			orderstest.WantReason(t, err, fault.InvalidArgument, "validation_failed")
		})
		t.Run("ErrNoProduct", func(t *testing.T) {
			for _, unknown := range []string{"prd_00000000000000000000000000", "1"} {
				_, err := s.Carts.EditLine(ctx, v, cart.Edit{CartID: id, ProductID: unknown, Quantity: 1})
				orderstest.WantReason(t, err, fault.NotFound, "product_not_found")
			}
		})
		t.Run("ErrVersion", func(t *testing.T) {
			stale := fault.New(fault.VersionMismatch, "version_mismatch", "")
			before, err := s.Carts.Get(ctx, v, id)
			s.Must(err)
			_, err = s.Carts.EditLine(ctx, v, cart.Edit{CartID: id, ProductID: a, Quantity: 9, Match: func(version int64) error {
				if version != before.Version {
					t.Errorf("asked about version %d, want %d", version, before.Version)
				}
				return stale
			}})
			orderstest.WantReason(t, err, fault.VersionMismatch, "version_mismatch")
		})
		t.Run("taken out", func(t *testing.T) {
			s.Put(id, v, a, 0)
			if got := s.Put(id, v, a, 0); len(got.Lines) != 1 {
				t.Errorf("%d lines are left", len(got.Lines))
			}
			if got := s.Put(id, v, b, 0); len(got.Lines) != 0 || got.Currency != "" {
				t.Errorf("%d lines are left in %q", len(got.Lines), got.Currency)
			}
		})
		t.Run("an empty cart takes another currency", func(t *testing.T) {
			dollars := s.Catalog.Add(orderstest.MerchantA, 100)
			s.Catalog.Reprice(dollars, &moneyv1.Money{Amount: 100, Currency: "USD"})
			if got := s.Put(id, v, dollars, 1); got.Currency != "USD" {
				t.Errorf("currency is %q", got.Currency)
			}
		})
	})
}

func TestCartIsFull(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	id, v := s.GuestCart()
	for range cart.MaxLines {
		s.Put(id, v, s.Catalog.Add(orderstest.MerchantA, 1), 1)
	}
	_, err := s.Carts.EditLine(context.Background(), v, cart.Edit{CartID: id, ProductID: s.Catalog.Add(orderstest.MerchantA, 1), Quantity: 1})
	orderstest.WantReason(t, err, fault.FailedPrecondition, "cart_full")
	o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(id, "k"))
	s.Must(err)
	if got := s.Order(o.ID); len(got.Lines) != cart.MaxLines {
		t.Errorf("%d lines", len(got.Lines))
	}
}

func TestOrderedCartIsClosedUntilThePaymentFails(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		ctx := context.Background()
		o, v := s.Placed()
		edit := cart.Edit{CartID: o.CartID, ProductID: o.Lines[0].ProductID, Quantity: 2}
		_, err := s.Carts.EditLine(ctx, v, edit)
		fields := orderstest.WantReason(t, err, fault.FailedPrecondition, "cart_already_ordered")
		if diff := cmp.Diff([]fault.Field{{Pointer: "/order_id", Detail: o.ID}}, fields); diff != "" {
			t.Errorf("fields:\n%s", diff)
		}
		s.Must(s.Failed(o))
		kept, err := s.Carts.EditLine(ctx, v, edit)
		s.Must(err)
		if kept.State != cart.Open || kept.OrderID == o.ID {
			t.Errorf("cart is %s for order %s", kept.State, kept.OrderID)
		}
	})
}

func TestCatalogLeavesProductsOut(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	id, v := s.GuestCart()
	product := s.Catalog.Add(orderstest.MerchantA, 1)
	s.Catalog.ProductsFn = func(*catalogv1.ProductsRequest) (*catalogv1.ProductsResponse, error) {
		return &catalogv1.ProductsResponse{}, nil
	}
	_, err := s.Carts.EditLine(context.Background(), v, cart.Edit{CartID: id, ProductID: product, Quantity: 1})
	orderstest.WantReason(t, err, fault.NotFound, "product_not_found")
}
