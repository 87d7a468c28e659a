package checkout_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/checkout"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/orderstest"
	"app/modules/payments/paymentsv1"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

func TestCheckout(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		ctx := callctx.WithClient(context.Background(), callctx.Client{Accepts: "de-AT,de;q=0.8,en;q=0.5"})
		chair, table := s.Catalog.Add(orderstest.MerchantA, 1990), s.Catalog.Add(orderstest.MerchantB, 5000)
		cartID, v := s.GuestCart(chair, table)
		kept := s.Put(cartID, v, chair, 3)

		o, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "k1"))
		s.Must(err)
		if o.Status != order.PendingPayment || o.PaymentStatus != order.PaymentPending || o.Total != (money.Money{Amount: 10970, Currency: "EUR"}) {
			t.Errorf("order is %s, payment %s, total %s", o.Status, o.PaymentStatus, o.Total)
		}
		if o.ID != kept.OrderID || len(o.Lines) != 2 || o.Lines[0].SKU == "" || o.Lines[0].Total.Amount != 5970 {
			t.Errorf("order %+v does not follow from cart %+v", o, kept)
		}
		if want := s.Clock.Now().Add(orderstest.HoldTTL - time.Minute); !o.ExpiresAt.Equal(want) {
			t.Errorf("expires at %s, want a minute before the hold lapses: %s", o.ExpiresAt, want)
		}
		want := &paymentsv1.StartRequest{
			PaymentId: o.PaymentID, OrderId: o.ID, Amount: moneyv1.Of(o.Total), Method: "test_ok", Email: "ada@example.com",
			GuestTokenHash: o.TokenHash, ExpiresAt: timestamppb.New(o.ExpiresAt), Locale: "de-AT",
			Shares: []*paymentsv1.Share{
				{MerchantId: orderstest.MerchantA, Amount: &moneyv1.Money{Amount: 5970, Currency: "EUR"}},
				{MerchantId: orderstest.MerchantB, Amount: &moneyv1.Money{Amount: 5000, Currency: "EUR"}},
			},
		}
		if diff := cmp.Diff([]*paymentsv1.StartRequest{want}, s.Payments.Starts(), protocmp.Transform()); diff != "" {
			t.Errorf("asked of payments (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"orders.Placed 1"}, s.Emitted(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
		stored := s.Order(o.ID)
		stored.DueAt, o.DueAt = time.Time{}, time.Time{} // put off since
		if diff := cmp.Diff(o, stored); diff != "" {
			t.Errorf("answered and stored differ (-answered +stored):\n%s", diff)
		}
		s.Must(s.Failed(o))
		if got := s.LastCancelled(o.ID).GetOrder().GetLocale(); got != "de-AT" {
			t.Errorf("what is told of the order later is in %q", got)
		}
	})
}

func TestCheckoutOfFreeThings(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 0))
	o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
	s.Must(err)
	if o.Total.Amount != 0 {
		t.Errorf("total is %s", o.Total)
	}
}

func TestCheckoutRefuses(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	ctx := context.Background()
	product := s.Catalog.Add(orderstest.MerchantA, 1990)
	cartID, v := s.GuestCart(product)
	empty, guest := s.GuestCart()
	for name, c := range map[string]struct {
		in      func(*checkout.Request)
		as      caller.Caller
		code    fault.Code
		reason  string
		pointer string
	}{
		"ErrEmail":         {func(c *checkout.Request) { c.Email = "ada@example.com\r\nBcc: x@y.z" }, v, fault.InvalidArgument, "validation_failed", "/email"},
		"ErrEmailName":     {func(c *checkout.Request) { c.Email = "Ada <ada@example.com>" }, v, fault.InvalidArgument, "validation_failed", "/email"},
		"ErrMethod":        {func(c *checkout.Request) { c.Method = "gold" }, v, fault.InvalidArgument, "validation_failed", "/payment_method"},
		"ErrMethodMissing": {func(c *checkout.Request) { c.Method = "" }, v, fault.InvalidArgument, "validation_failed", "/payment_method"},
		"ErrEmptyCart":     {func(c *checkout.Request) { c.CartID = empty }, guest, fault.FailedPrecondition, "cart_empty", ""},
		"ErrAnothersCart":  {func(*checkout.Request) {}, guest, fault.NotFound, "cart_not_found", ""},
		"ErrNoToken":       {func(*checkout.Request) {}, caller.Caller{}, fault.NotFound, "cart_not_found", ""},
		"ErrNoCart":        {func(c *checkout.Request) { c.CartID = "crt_" + strings.Repeat("0", 26) }, v, fault.NotFound, "cart_not_found", ""},
		"ErrMalformedID":   {func(c *checkout.Request) { c.CartID = "1" }, v, fault.NotFound, "cart_not_found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := orderstest.Request(cartID, "k-"+name)
			c.in(&in)
			_, err := s.Checkouts.Place(ctx, c.as, in)
			fields := orderstest.WantReason(t, err, c.code, c.reason)
			if c.pointer != "" && (len(fields) != 1 || fields[0].Pointer != c.pointer) {
				t.Errorf("fields are %v, want one at %s", fields, c.pointer)
			}
		})
	}
	if s.Catalog.Reserves != 0 || s.Count(`SELECT COUNT(*) FROM orders_orders`) != 0 {
		t.Error("a refused checkout went further than its checks")
	}
}

func TestPriceChangedIsReportedAndTakenOver(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		ctx := context.Background()
		chair, table := s.Catalog.Add(orderstest.MerchantA, 1990), s.Catalog.Add(orderstest.MerchantA, 5000)
		cartID, v := s.GuestCart(chair, table)
		s.Catalog.Reprice(chair, &moneyv1.Money{Amount: 2100, Currency: "EUR"})

		_, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "k1"))
		fields := orderstest.WantReason(t, err, fault.FailedPrecondition, "price_changed")
		want := []fault.Field{{Pointer: "/lines/" + chair + "/price", Detail: "19.90 EUR -> 21.00 EUR"}}
		if diff := cmp.Diff(want, fields); diff != "" {
			t.Errorf("fields:\n%s", diff)
		}
		read, err := s.Carts.Get(ctx, v, cartID)
		s.Must(err)
		if read.Lines[0].Price.Amount != 2100 || read.Lines[1].Price.Amount != 5000 {
			t.Errorf("the cart shows %v", read.Lines)
		}
		o, err := s.Checkouts.Place(ctx, v, orderstest.Request(cartID, "k2"))
		s.Must(err)
		if o.Total.Amount != 7100 {
			t.Errorf("total is %s", o.Total)
		}
	})
}

func TestCatalogRefusals(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		err  error
		want fault.Field
	}{
		"stock_short": {
			orderstest.Refusal("Reserve", "stock_short", &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: "prd_x", Requested: 3, Available: 1}}}),
			fault.Field{Pointer: "/lines/prd_x/quantity", Detail: "3 wanted, 1 available"},
		},
		"product_gone": {
			orderstest.Refusal("Reserve", "product_gone", &catalogv1.Gone{ProductIds: []string{"prd_x"}}),
			fault.Field{Pointer: "/lines/prd_x", Detail: "is no longer sold"},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := orderstest.New(t)
			cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
			s.Catalog.ReserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) { return nil, c.err }
			_, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
			fields := orderstest.WantReason(t, err, fault.FailedPrecondition, reason)
			if diff := cmp.Diff([]fault.Field{c.want}, fields); diff != "" {
				t.Errorf("fields:\n%s", diff)
			}
			if s.Count(`SELECT COUNT(*) FROM orders_orders`) != 0 || s.Count(`SELECT COUNT(*) FROM events_outbox`) != 0 {
				t.Error("a refused checkout left something behind")
			}
		})
	}
}

// A hold that an earlier attempt left behind may be spent or nearly so.
func TestStaleHoldsAreReplaced(t *testing.T) {
	t.Parallel()
	t.Run("released", func(t *testing.T) {
		t.Parallel()
		s := orderstest.New(t)
		cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
		before, err := s.Carts.Get(context.Background(), v, cartID)
		s.Must(err)
		s.Catalog.Released = append(s.Catalog.Released, before.OrderID)
		o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
		s.Must(err)
		if o.ID == before.OrderID {
			t.Error("the order has the id of the released hold")
		}
	})
	t.Run("about to lapse", func(t *testing.T) {
		t.Parallel()
		s := orderstest.New(t)
		cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
		before, err := s.Carts.Get(context.Background(), v, cartID)
		s.Must(err)
		s.Catalog.Holds[before.OrderID] = s.Clock.Now().Add(time.Minute)
		o, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
		s.Must(err)
		if o.ID == before.OrderID || o.ExpiresAt.Sub(s.Clock.Now()) < 20*time.Minute {
			t.Errorf("order %s expires in %s", o.ID, o.ExpiresAt.Sub(s.Clock.Now()))
		}
		if !s.Catalog.WasReleased(before.OrderID) {
			t.Error("the old hold was kept")
		}
	})
}

func TestPaymentsDownDuringCheckout(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		s.Payments.StartFn = orderstest.Down
		o, _ := s.Placed()
		if o.Status != order.PendingPayment || o.PaymentStatus != order.PaymentPending {
			t.Errorf("order is %s, payment %s", o.Status, o.PaymentStatus)
		}
		s.Reconcile()
		if n := len(s.Payments.Starts()); n != 1 {
			t.Fatalf("asked %d times within the grace", n)
		}
		s.Clock.Advance(orderstest.StartGrace)
		s.Reconcile()
		s.Reconcile()
		if n := len(s.Payments.Starts()); n != 2 {
			t.Fatalf("asked %d times after the grace, want once more", n)
		}
		s.Payments.StartFn = nil
		s.Clock.Advance(time.Minute)
		s.Reconcile()
		starts := s.Payments.Starts()
		if len(starts) != 3 {
			t.Fatalf("asked %d times after a minute, want once more", len(starts))
		}
		if diff := cmp.Diff(starts[0], starts[2], protocmp.Transform()); diff != "" {
			t.Errorf("asked for something else the second time:\n%s", diff)
		}
		s.Clock.Advance(10 * time.Minute)
		s.Reconcile()
		if n := len(s.Payments.Starts()); n != 3 {
			t.Errorf("asked %d times although payments has answered", n)
		}
		s.Must(s.Succeeded(o))
		s.WantStatus(o.ID, order.Paid)
	})
}

func TestUnpaidOrdersExpire(t *testing.T) {
	t.Parallel()
	orderstest.Each(t, func(t *testing.T, s *orderstest.Shop) {
		o, v := s.Placed()
		s.Clock.Advance(orderstest.HoldTTL - time.Minute - time.Second)
		s.Reconcile()
		s.WantStatus(o.ID, order.PendingPayment)
		s.Clock.Advance(time.Second)
		twin := s.Twin()
		s.Must(orderstest.Together(4, func(i int) error {
			_, err := []*checkout.Service{s.Checkouts, twin.Checkouts}[i%2].Reconcile(context.Background())
			return err
		})...)
		if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Cancelled 2"}, s.Emitted(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
		s.Must(s.Succeeded(o)) // too late: payments gives it back because it subscribes to Cancelled
		s.WantStatus(o.ID, order.Cancelled)

		t.Run("and the cart can be tried again", func(t *testing.T) {
			again, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(o.CartID, "again"))
			s.Must(err)
			if again.ID == o.ID || again.PaymentID == o.PaymentID {
				t.Errorf("order %s, payment %s", again.ID, again.PaymentID)
			}
		})
	})
}

func TestUnknownMethodFoundLate(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
	s.Payments.StartFn = func(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
		return nil, &fault.CallError{Module: "payments", Method: "Start", Code: fault.InvalidArgument, Reason: "validation_failed"}
	}
	_, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
	if fields := orderstest.WantReason(t, err, fault.InvalidArgument, "validation_failed"); fields[0].Pointer != "/payment_method" {
		t.Errorf("fields are %v", fields)
	}
	read, err := s.Carts.Get(context.Background(), v, cartID)
	s.Must(err)
	if read.State != cart.Open {
		t.Errorf("the cart is %s", read.State)
	}
	if n := s.Count(`SELECT COUNT(*) FROM orders_orders WHERE status = 'cancelled'`); n != 1 {
		t.Errorf("%d cancelled orders", n)
	}
}

func TestMethodsAreRemembered(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	for range 3 {
		s.Placed()
	}
	if s.Payments.Asked != 1 {
		t.Errorf("asked for the methods %d times", s.Payments.Asked)
	}
	s.Clock.Advance(time.Hour)
	s.Placed()
	if s.Payments.Asked != 2 {
		t.Errorf("asked for the methods %d times", s.Payments.Asked)
	}
}

func TestCatalogDown(t *testing.T) {
	t.Parallel()
	s := orderstest.New(t)
	cartID, v := s.GuestCart(s.Catalog.Add(orderstest.MerchantA, 1990))
	s.Catalog.ReserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		return nil, &fault.CallError{Module: "catalog", Method: "Reserve", Code: fault.Unavailable, Reason: "module_down"}
	}
	_, err := s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
	if got := fault.From(err).Code; got != fault.Unavailable {
		t.Errorf("code is %s", got)
	}
	s.Catalog.ReserveFn = nil
	_, err = s.Checkouts.Place(context.Background(), v, orderstest.Request(cartID, "k"))
	s.Must(err)
}
