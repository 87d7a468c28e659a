package checkout_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/orderstest"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

func dollars(amount int64) *moneyv1.Money { return &moneyv1.Money{Amount: amount, Currency: "USD"} }

func TestFault24_CurrencyChangesAreNamedAndMendable(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		changed := func(t *testing.T) (cartID string, v caller.Caller, stays, changes string) {
			stays, changes = s.Catalog.Add(orderstest.MerchantA, 1000), s.Catalog.Add(orderstest.MerchantB, 2000)
			cartID, v = s.GuestCart(stays, changes)
			s.Catalog.Reprice(changes, dollars(2500))
			s.Catalog.Reprice(stays, &moneyv1.Money{Amount: 1100, Currency: "EUR"})
			_, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "first "+cartID))
			fields := orderstest.WantReason(t, err, fault.FailedPrecondition, "currency_mixed")
			if len(fields) != 2 || fields[0].Pointer != "/lines/"+changes || fields[1].Pointer != "/lines/"+stays+"/price" {
				t.Errorf("named %+v", fields)
			}
			got, err := s.Carts.Get(ctx, v, cartID)
			s.Must(err)
			if got.Lines[0].SoldIn != "" || got.Lines[0].Price.Amount != 1100 || got.Lines[1].SoldIn != "USD" || got.Lines[1].Price.Currency != "EUR" {
				t.Errorf("the cart shows %+v", got.Lines)
			}
			return cartID, v, stays, changes
		}
		buy := func(t *testing.T, cartID string, v caller.Caller, key, total string) {
			o, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, key+cartID))
			if s.Must(err); o.Total.String() != total {
				t.Errorf("bought for %s, want %s", o.Total, total)
			}
		}
		t.Run("mended by taking the line out", func(t *testing.T) {
			cartID, v, _, changes := changed(t)
			s.Put(cartID, v, changes, 0)
			buy(t, cartID, v, "second ", "11.00 EUR")
		})
		t.Run("mended by taking the others out", func(t *testing.T) {
			cartID, v, stays, _ := changed(t)
			s.Put(cartID, v, stays, 0)
			_, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "second "+cartID))
			orderstest.WantReason(t, err, fault.FailedPrecondition, "price_changed")
			buy(t, cartID, v, "third ", "25.00 USD")
		})
		t.Run("asked again it is the same", func(t *testing.T) {
			cartID, v, _, changes := changed(t)
			_, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "second "+cartID))
			orderstest.WantReason(t, err, fault.FailedPrecondition, "currency_mixed")
			s.Catalog.Reprice(changes, &moneyv1.Money{Amount: 2000, Currency: "EUR"})
			buy(t, cartID, v, "third ", "31.00 EUR")
		})
		t.Run("all lines change to one currency", func(t *testing.T) {
			one, two := s.Catalog.Add(orderstest.MerchantA, 1000), s.Catalog.Add(orderstest.MerchantB, 2000)
			cartID, v := s.GuestCart(one, two)
			s.Catalog.Reprice(one, dollars(1200))
			s.Catalog.Reprice(two, dollars(2400))
			_, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "first "+cartID))
			orderstest.WantReason(t, err, fault.FailedPrecondition, "price_changed")
			buy(t, cartID, v, "second ", "36.00 USD")
		})
		t.Run("a line in another currency is named when it is put in", func(t *testing.T) {
			cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1000))
			rug := s.Catalog.Add(orderstest.MerchantA, 1000)
			s.Catalog.Reprice(rug, dollars(1))
			_, err := s.Carts.EditLine(ctx, v, cart.Edit{CartID: cartID, ProductID: rug, Quantity: 1})
			if fields := orderstest.WantReason(t, err, fault.FailedPrecondition, "currency_mixed"); len(fields) != 1 || fields[0].Pointer != "/lines/"+rug {
				t.Errorf("named %+v", fields)
			}
		})
	})
}

func TestFault30_OneBoundForMoney(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		t.Run("the highest order is placed", func(t *testing.T) {
			cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, money.Max-1990), s.Catalog.Add(orderstest.MerchantB, 1990))
			o, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "highest"))
			if s.Must(err); o.Total.Amount != money.Max {
				t.Errorf("total is %d", o.Total.Amount)
			}
		})
		t.Run("a cent more is refused where the buyer can mend it", func(t *testing.T) {
			cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, money.Max))
			more := s.Catalog.Add(orderstest.MerchantA, 1)
			_, err := s.Carts.EditLine(ctx, v, cart.Edit{CartID: cartID, ProductID: more, Quantity: 1})
			if fields := orderstest.WantReason(t, err, fault.FailedPrecondition, "total_too_high"); len(fields) != 1 || fields[0].Pointer != "/lines/"+more+"/quantity" {
				t.Errorf("named %+v", fields)
			}
		})
		t.Run("a line that no integer holds", func(t *testing.T) {
			cartID, v := s.GuestCart()
			_, err := s.Carts.EditLine(ctx, v, cart.Edit{CartID: cartID, ProductID: s.Catalog.Add(orderstest.MerchantA, money.Max), Quantity: cart.MaxQuantity})
			orderstest.WantReason(t, err, fault.FailedPrecondition, "total_too_high")
		})
		t.Run("a price that rises too high leaves the cart readable", func(t *testing.T) {
			product := s.Catalog.Add(orderstest.MerchantA, 1)
			cartID, v := s.GuestCart()
			s.Put(cartID, v, product, cart.MaxQuantity)
			s.Catalog.Reprice(product, &moneyv1.Money{Amount: money.Max, Currency: "EUR"})
			_, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "rising"))
			orderstest.WantReason(t, err, fault.FailedPrecondition, "total_too_high")
			got, err := s.Carts.Get(ctx, v, cartID)
			s.Must(err)
			if _, err := s.Carts.Total(got); err != nil {
				t.Error(err)
			}
			s.Put(cartID, v, product, 1)
			o, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "mended"))
			if s.Must(err); o.Total.Amount != money.Max {
				t.Errorf("total is %d", o.Total.Amount)
			}
		})
		t.Run("a free order that is cancelled promises no money", func(t *testing.T) {
			cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 0))
			o, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "free"))
			s.Must(err, s.Succeeded(o))
			s.WantStatus(o.ID, order.Paid)
			_, err = s.Orders.Cancel(ctx, v, o.ID)
			if s.Must(err); s.LastCancelled(o.ID).GetWasPaid() {
				t.Error("was_paid promises money back")
			}
		})
	})
}

func TestFault05_CheckoutsSayWhoBuys(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	var asked []*catalogv1.Buyer
	s.Catalog.ReserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		asked = append(asked, r.GetBuyer())
		return s.Catalog.Hold(r)
	}
	ctx := callctx.WithClient(context.Background(), callctx.Client{Mark: "mark", Network: "203.0.113.0/24"})
	cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
	_, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "guest"))
	s.Must(err)
	own, _, err := s.Carts.Create(ctx, orderstest.User("usr_ada"))
	s.Must(err)
	s.Put(own.ID, orderstest.User("usr_ada"), s.Catalog.Add(orderstest.MerchantA, 1990), 1)
	_, err = s.Checkouts.Place(ctx, orderstest.User("usr_ada"), orderstest.Request(own.ID, "account"))
	s.Must(err)
	want := []*catalogv1.Buyer{{Mark: "mark", Network: "203.0.113.0/24"}, {AccountId: "usr_ada"}}
	if diff := cmp.Diff(want, asked, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestFault05_RefusalsReachTheBuyer(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	product := s.Catalog.Add(orderstest.MerchantA, 1990)
	cartID, v := s.GuestCart(product)
	var refused error
	s.Catalog.ReserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) { return nil, refused }
	for name, c := range map[string]struct {
		refusal error
		code    fault.Code
		reason  string
		detail  string
	}{
		"TooManyUnpaid": {
			&fault.CallError{Code: fault.ResourceExhausted, Reason: "too_many_unpaid", RetryAfter: time.Minute},
			fault.ResourceExhausted, "too_many_unpaid", "",
		},
		"Quantity": {
			orderstest.Refusal("Reserve", "quantity_refused", &catalogv1.Quantities{Lines: []*catalogv1.Bounds{{ProductId: product, Requested: 1, MinQuantity: 2, MaxQuantity: 5}}}),
			fault.FailedPrecondition, "quantity_out_of_bounds", "must be 2 to 5",
		},
		"ShareOfGuests": {
			orderstest.Refusal("Reserve", "stock_short", &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: product, Requested: 30, Available: 20, Guests: true}}}),
			fault.FailedPrecondition, "stock_short", "30 wanted, 20 available to guests; more when you sign in",
		},
	} {
		refused = c.refusal
		_, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, name))
		fields := orderstest.WantReason(t, err, c.code, c.reason)
		if c.detail == "" && fault.From(err).RetryAfter != time.Minute {
			t.Errorf("%s: come back after %v", name, fault.From(err).RetryAfter)
		}
		if c.detail != "" && (len(fields) != 1 || fields[0].Pointer != "/lines/"+product+"/quantity" || fields[0].Detail != c.detail) {
			t.Errorf("%s: %+v", name, fields)
		}
	}
	if n := s.Count(`SELECT COUNT(*) FROM orders_orders`); n != 0 {
		t.Errorf("%d orders", n)
	}
}

// A checkout that finds other lines held under its cart's order has lost to another
// one, which is the buyer's to repeat.
func TestFault14_ACheckoutThatLosesIs409(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	id, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
	s.Catalog.ReserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		return nil, orderstest.Refusal("Reserve", "hold_differs")
	}
	_, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(id, "lost"))
	orderstest.WantReason(t, err, fault.Aborted, "cart_changed")
}
