package service_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/modules/payments/paymentsevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

// shared is a paid order of 10.00 of merchant A and 7,777.00 of merchant B, and the
// visitors who may see a part of it.
func (s *shop) shared() (o store.Order, annOfA, bobOfB service.Visitor) {
	s.t.Helper()
	s.merchants.roles[merchantA+"/usr_ann"] = merchantsv1.Role_ROLE_VIEWER
	s.merchants.roles[merchantB+"/usr_bob"] = merchantsv1.Role_ROLE_MANAGER
	cart, v := s.guestCart(s.catalog.add(merchantA, 1000), s.catalog.add(merchantB, 777700))
	o, err := s.Checkout(context.Background(), v, checkout(cart, "shared "+cart))
	s.must(err, s.succeeded(o))
	return o, user("usr_ann"), user("usr_bob")
}

// refundedBy tells orders that a merchant, or the shop, gave money back.
func (s *shop) refundedBy(o store.Order, merchant string, amount int64, full bool) {
	s.t.Helper()
	s.must(s.hear(func(ctx context.Context, tx *database.Tx) error {
		return s.PaymentRefunded(ctx, tx, &paymentsevents.Refunded{
			RefundId: "rfd_1", PaymentId: o.PaymentID, OrderId: o.ID, MerchantId: merchant, Full: full,
			Amount: &moneyv1.Money{Amount: amount, Currency: o.Total.Currency},
		})
	}))
}

// wantSeen checks what a visitor reads of an order, alone and, when it is one
// merchant's, in a list.
func (s *shop) wantSeen(id string, v service.Visitor, merchant, want string) {
	s.t.Helper()
	view, err := s.Order(context.Background(), v, id)
	s.must(err)
	var steps []string
	for _, e := range view.Timeline {
		steps = append(steps, e.Event+" "+e.Detail)
	}
	got := fmt.Sprintf("%s, payment %s, %s: %s", view.Status, view.PaymentStatus, view.Total, strings.Join(steps, ", "))
	if got != want {
		s.t.Errorf("sees\n%s, want\n%s", got, want)
	}
	listed, err := s.Orders(context.Background(), v, service.List{MerchantID: merchant, Limit: 10})
	s.must(err)
	i := slices.IndexFunc(listed, func(o service.View) bool { return o.ID == id })
	if i < 0 || listed[i].Status != view.Status || listed[i].PaymentStatus != view.PaymentStatus || listed[i].Total != view.Total {
		s.t.Errorf("the list has %+v, the order is %s, %s, %s", listed, view.Status, view.PaymentStatus, view.Total)
	}
}

func TestFault11_MerchantsSeeTheirPartOfAnOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		t.Run("refunds of others are not seen, one's own part is refunded with it", func(t *testing.T) {
			o, ann, bob := s.shared()
			s.refundedBy(o, merchantB, 7700, false)
			s.wantSeen(o.ID, ann, merchantA, "paid, payment succeeded, 10.00 EUR: placed 10.00 EUR, paid 10.00 EUR")
			s.wantSeen(o.ID, bob, merchantB,
				"paid, payment succeeded, 7777.00 EUR: placed 7777.00 EUR, paid 7777.00 EUR, refund_issued 77.00 EUR")
			s.refundedBy(o, merchantA, 400, false)
			s.refundedBy(o, merchantA, 600, false)
			s.wantSeen(o.ID, ann, merchantA, "refunded, payment refunded, 10.00 EUR: "+
				"placed 10.00 EUR, paid 10.00 EUR, refund_issued 4.00 EUR, refunded 6.00 EUR")
			s.wantSeen(o.ID, bob, merchantB,
				"paid, payment succeeded, 7777.00 EUR: placed 7777.00 EUR, paid 7777.00 EUR, refund_issued 77.00 EUR")
			s.refundedBy(o, merchantB, 770000, true)
			s.wantStatus(o.ID, store.Refunded)
			s.wantSeen(o.ID, ann, merchantA, "refunded, payment refunded, 10.00 EUR: "+
				"placed 10.00 EUR, paid 10.00 EUR, refund_issued 4.00 EUR, refunded 6.00 EUR")
		})
		t.Run("the shop gives all back", func(t *testing.T) {
			o, ann, _ := s.shared()
			s.refundedBy(o, "", 5000, false) // an administrator, from nobody's part
			s.wantSeen(o.ID, ann, merchantA, "paid, payment succeeded, 10.00 EUR: placed 10.00 EUR, paid 10.00 EUR")
			s.must(s.stockShort(o))
			s.refundedBy(o, "", 773700, true)
			s.wantSeen(o.ID, ann, merchantA, "cancelled, payment refunded, 10.00 EUR: "+
				"placed 10.00 EUR, paid 10.00 EUR, cancelled the goods were gone when the payment came, refunded 10.00 EUR")
		})
		t.Run("a refund that an earlier release noted is nobody's", func(t *testing.T) {
			o, ann, _ := s.shared()
			s.must(s.refunded(o, 777700, false))
			s.wantSeen(o.ID, ann, merchantA, "paid, payment succeeded, 10.00 EUR: placed 10.00 EUR, paid 10.00 EUR")
		})
	})
}

func dollars(amount int64) *moneyv1.Money { return &moneyv1.Money{Amount: amount, Currency: "USD"} }

func TestFault24_CurrencyChangesAreNamedAndMendable(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	each(t, func(t *testing.T, s *shop) {
		changed := func(t *testing.T) (cart string, v service.Visitor, stays, changes string) {
			stays, changes = s.catalog.add(merchantA, 1000), s.catalog.add(merchantB, 2000)
			cart, v = s.guestCart(stays, changes)
			s.catalog.reprice(changes, dollars(2500))
			s.catalog.reprice(stays, &moneyv1.Money{Amount: 1100, Currency: "EUR"})
			_, err := s.Checkout(ctx, v, checkout(cart, "first "+cart))
			fields := wantReason(t, err, fault.FailedPrecondition, "currency_mixed")
			if len(fields) != 2 || fields[0].Pointer != "/lines/"+changes || fields[1].Pointer != "/lines/"+stays+"/price" {
				t.Errorf("named %+v", fields)
			}
			got, err := s.Cart(ctx, v, cart)
			s.must(err)
			if got.Lines[0].SoldIn != "" || got.Lines[0].Price.Amount != 1100 || got.Lines[1].SoldIn != "USD" || got.Lines[1].Price.Currency != "EUR" {
				t.Errorf("the cart shows %+v", got.Lines)
			}
			return cart, v, stays, changes
		}
		buy := func(t *testing.T, cart string, v service.Visitor, key, total string) {
			o, err := s.Checkout(ctx, v, checkout(cart, key+cart))
			if s.must(err); o.Total.String() != total {
				t.Errorf("bought for %s, want %s", o.Total, total)
			}
		}
		t.Run("mended by taking the line out", func(t *testing.T) {
			cart, v, _, changes := changed(t)
			s.put(cart, v, changes, 0)
			buy(t, cart, v, "second ", "11.00 EUR")
		})
		t.Run("mended by taking the others out", func(t *testing.T) {
			cart, v, stays, _ := changed(t)
			s.put(cart, v, stays, 0)
			_, err := s.Checkout(ctx, v, checkout(cart, "second "+cart))
			wantReason(t, err, fault.FailedPrecondition, "price_changed")
			buy(t, cart, v, "third ", "25.00 USD")
		})
		t.Run("asked again it is the same", func(t *testing.T) {
			cart, v, _, changes := changed(t)
			_, err := s.Checkout(ctx, v, checkout(cart, "second "+cart))
			wantReason(t, err, fault.FailedPrecondition, "currency_mixed")
			s.catalog.reprice(changes, &moneyv1.Money{Amount: 2000, Currency: "EUR"})
			buy(t, cart, v, "third ", "31.00 EUR")
		})
		t.Run("all lines change to one currency", func(t *testing.T) {
			one, two := s.catalog.add(merchantA, 1000), s.catalog.add(merchantB, 2000)
			cart, v := s.guestCart(one, two)
			s.catalog.reprice(one, dollars(1200))
			s.catalog.reprice(two, dollars(2400))
			_, err := s.Checkout(ctx, v, checkout(cart, "first "+cart))
			wantReason(t, err, fault.FailedPrecondition, "price_changed")
			buy(t, cart, v, "second ", "36.00 USD")
		})
		t.Run("a line in another currency is named when it is put in", func(t *testing.T) {
			cart, v := s.guestCart(s.catalog.add(merchantA, 1000))
			rug := s.catalog.add(merchantA, 1000)
			s.catalog.reprice(rug, dollars(1))
			_, err := s.EditLine(ctx, v, service.Edit{CartID: cart, ProductID: rug, Quantity: 1})
			if fields := wantReason(t, err, fault.FailedPrecondition, "currency_mixed"); len(fields) != 1 || fields[0].Pointer != "/lines/"+rug {
				t.Errorf("named %+v", fields)
			}
		})
	})
}

func TestFault30_OneBoundForMoney(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	each(t, func(t *testing.T, s *shop) {
		t.Run("the highest order is placed", func(t *testing.T) {
			cart, v := s.guestCart(s.catalog.add(merchantA, money.Max-1990), s.catalog.add(merchantB, 1990))
			o, err := s.Checkout(ctx, v, checkout(cart, "highest"))
			if s.must(err); o.Total.Amount != money.Max {
				t.Errorf("total is %d", o.Total.Amount)
			}
		})
		t.Run("a cent more is refused where the buyer can mend it", func(t *testing.T) {
			cart, v := s.guestCart(s.catalog.add(merchantA, money.Max))
			more := s.catalog.add(merchantA, 1)
			_, err := s.EditLine(ctx, v, service.Edit{CartID: cart, ProductID: more, Quantity: 1})
			if fields := wantReason(t, err, fault.FailedPrecondition, "total_too_high"); len(fields) != 1 || fields[0].Pointer != "/lines/"+more+"/quantity" {
				t.Errorf("named %+v", fields)
			}
		})
		t.Run("a line that no integer holds", func(t *testing.T) {
			cart, v := s.guestCart()
			_, err := s.EditLine(ctx, v, service.Edit{CartID: cart, ProductID: s.catalog.add(merchantA, money.Max), Quantity: service.MaxQuantity})
			wantReason(t, err, fault.FailedPrecondition, "total_too_high")
		})
		t.Run("a price that rises too high leaves the cart readable", func(t *testing.T) {
			product := s.catalog.add(merchantA, 1)
			cart, v := s.guestCart()
			s.put(cart, v, product, service.MaxQuantity)
			s.catalog.reprice(product, &moneyv1.Money{Amount: money.Max, Currency: "EUR"})
			_, err := s.Checkout(ctx, v, checkout(cart, "rising"))
			wantReason(t, err, fault.FailedPrecondition, "total_too_high")
			got, err := s.Cart(ctx, v, cart)
			s.must(err)
			if _, err := s.CartTotal(got); err != nil {
				t.Error(err)
			}
			s.put(cart, v, product, 1)
			o, err := s.Checkout(ctx, v, checkout(cart, "mended"))
			if s.must(err); o.Total.Amount != money.Max {
				t.Errorf("total is %d", o.Total.Amount)
			}
		})
		t.Run("a free order that is cancelled promises no money", func(t *testing.T) {
			cart, v := s.guestCart(s.catalog.add(merchantA, 0))
			o, err := s.Checkout(ctx, v, checkout(cart, "free"))
			s.must(err, s.succeeded(o))
			s.wantStatus(o.ID, store.Paid)
			_, err = s.Cancel(ctx, v, o.ID)
			if s.must(err); s.lastCancelled(o.ID).GetWasPaid() {
				t.Error("was_paid promises money back")
			}
		})
	})
}

func TestFault05_CheckoutsSayWhoBuys(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var asked []*catalogv1.Buyer
	s.catalog.reserveFn = func(r *catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		asked = append(asked, r.GetBuyer())
		return s.catalog.reserve(r)
	}
	ctx := callctx.WithClient(context.Background(), callctx.Client{Mark: "mark", Network: "203.0.113.0/24"})
	cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
	_, err := s.Checkout(ctx, v, checkout(cart, "guest"))
	s.must(err)
	own, _, err := s.CreateCart(ctx, user("usr_ada"))
	s.must(err)
	s.put(own.ID, user("usr_ada"), s.catalog.add(merchantA, 1990), 1)
	_, err = s.Checkout(ctx, user("usr_ada"), checkout(own.ID, "account"))
	s.must(err)
	want := []*catalogv1.Buyer{{Mark: "mark", Network: "203.0.113.0/24"}, {AccountId: "usr_ada"}}
	if diff := cmp.Diff(want, asked, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestFault05_RefusalsReachTheBuyer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	product := s.catalog.add(merchantA, 1990)
	cart, v := s.guestCart(product)
	var refused error
	s.catalog.reserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) { return nil, refused }
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
			refusal("Reserve", "quantity_refused", &catalogv1.Quantities{Lines: []*catalogv1.Bounds{{ProductId: product, Requested: 1, MinQuantity: 2, MaxQuantity: 5}}}),
			fault.FailedPrecondition, "quantity_out_of_bounds", "must be 2 to 5",
		},
		"ShareOfGuests": {
			refusal("Reserve", "stock_short", &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: product, Requested: 30, Available: 20, Guests: true}}}),
			fault.FailedPrecondition, "stock_short", "30 wanted, 20 available to guests; more when you sign in",
		},
	} {
		refused = c.refusal
		_, err := s.Checkout(context.Background(), v, checkout(cart, name))
		fields := wantReason(t, err, c.code, c.reason)
		if c.detail == "" && fault.From(err).RetryAfter != time.Minute {
			t.Errorf("%s: come back after %v", name, fault.From(err).RetryAfter)
		}
		if c.detail != "" && (len(fields) != 1 || fields[0].Pointer != "/lines/"+product+"/quantity" || fields[0].Detail != c.detail) {
			t.Errorf("%s: %+v", name, fields)
		}
	}
	if n := s.count(`SELECT COUNT(*) FROM orders_orders`); n != 0 {
		t.Errorf("%d orders", n)
	}
}

func TestFault05_CartsKeepToTheQuantities(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	product := s.catalog.add(merchantA, 1990)
	s.catalog.goods[product].MinQuantity, s.catalog.goods[product].MaxQuantity = 2, 5
	cart, v := s.guestCart()
	for _, quantity := range []int64{1, 6} {
		_, err := s.EditLine(context.Background(), v, service.Edit{CartID: cart, ProductID: product, Quantity: quantity})
		if fields := wantReason(t, err, fault.InvalidArgument, "validation_failed"); len(fields) != 1 || fields[0].Pointer != "/quantity" {
			t.Errorf("%d: %+v", quantity, fields)
		}
	}
	for _, quantity := range []int64{2, 5, 0} {
		s.put(cart, v, product, quantity)
	}
}

// A cart whose only line is set to 1, 2, 3 pieces has as many as it has had changes:
// whoever reads it meanwhile finds the version and the pieces of one moment, so an ETag
// never comes with the lines of another version.
func TestFault14_CartsAreReadInOnePiece(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		product := s.catalog.add(merchantA, 1990)
		id, v := s.guestCart(product)
		first := s.put(id, v, product, 1)
		done := make(chan struct{})
		var readers sync.WaitGroup
		for range 15 {
			readers.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					cart, err := s.Cart(context.Background(), v, id)
					if err != nil || cart.Version-first.Version != cart.Lines[0].Quantity-1 {
						t.Errorf("version %d has %d pieces, %v", cart.Version, cart.Lines[0].Quantity, err)
						return
					}
				}
			})
		}
		for quantity := int64(2); quantity < 40; quantity++ {
			s.put(id, v, product, quantity)
		}
		close(done)
		readers.Wait()
	})
}

// A checkout that finds other lines held under its cart's order has lost to another
// one, which is the buyer's to repeat.
func TestFault14_ACheckoutThatLosesIs409(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id, v := s.guestCart(s.catalog.add(merchantA, 1990))
	s.catalog.reserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		return nil, refusal("Reserve", "hold_differs")
	}
	_, err := s.Checkout(context.Background(), v, checkout(id, "lost"))
	wantReason(t, err, fault.Aborted, "cart_changed")
}
