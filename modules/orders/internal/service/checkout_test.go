package service_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/service"
	"app/modules/orders/internal/store"
	"app/modules/payments/paymentsv1"
	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

func TestCheckout(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := callctx.WithClient(context.Background(), callctx.Client{Accepts: "de-AT,de;q=0.8,en;q=0.5"})
		chair, table := s.catalog.add(merchantA, 1990), s.catalog.add(merchantB, 5000)
		cartID, v := s.guestCart(chair, table)
		cart := s.put(cartID, v, chair, 3)

		o, err := s.Checkout(ctx, v, checkout(cartID, "k1"))
		s.must(err)
		if o.Status != store.PendingPayment || o.PaymentStatus != store.PaymentPending || o.Total != (money.Money{Amount: 10970, Currency: "EUR"}) {
			t.Errorf("order is %s, payment %s, total %s", o.Status, o.PaymentStatus, o.Total)
		}
		if o.ID != cart.OrderID || len(o.Lines) != 2 || o.Lines[0].SKU == "" || o.Lines[0].Total.Amount != 5970 {
			t.Errorf("order %+v does not follow from cart %+v", o, cart)
		}
		if want := s.clock.Now().Add(holdTTL - time.Minute); !o.ExpiresAt.Equal(want) {
			t.Errorf("expires at %s, want a minute before the hold lapses: %s", o.ExpiresAt, want)
		}
		want := &paymentsv1.StartRequest{
			PaymentId: o.PaymentID, OrderId: o.ID, Amount: wire(o.Total), Method: "test_ok", Email: "ada@example.com",
			GuestTokenHash: o.TokenHash, ExpiresAt: timestamppb.New(o.ExpiresAt), Locale: "de-AT",
			Shares: []*paymentsv1.Share{
				{MerchantId: merchantA, Amount: &moneyv1.Money{Amount: 5970, Currency: "EUR"}},
				{MerchantId: merchantB, Amount: &moneyv1.Money{Amount: 5000, Currency: "EUR"}},
			},
		}
		if diff := cmp.Diff([]*paymentsv1.StartRequest{want}, s.payments.starts(), protocmp.Transform()); diff != "" {
			t.Errorf("asked of payments (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"orders.Placed 1"}, s.told(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
		stored := s.order(o.ID)
		stored.DueAt, o.DueAt = time.Time{}, time.Time{} // put off since
		if diff := cmp.Diff(o, stored); diff != "" {
			t.Errorf("answered and stored differ (-answered +stored):\n%s", diff)
		}
		s.must(s.failed(o))
		if got := s.lastCancelled(o.ID).GetOrder().GetLocale(); got != "de-AT" {
			t.Errorf("what is told of the order later is in %q", got)
		}
	})
}

func TestCheckoutOfFreeThings(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cart, v := s.guestCart(s.catalog.add(merchantA, 0))
	o, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
	s.must(err)
	if o.Total.Amount != 0 {
		t.Errorf("total is %s", o.Total)
	}
}

func TestCheckoutRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ctx := context.Background()
	product := s.catalog.add(merchantA, 1990)
	cart, v := s.guestCart(product)
	empty, guest := s.guestCart()
	for name, c := range map[string]struct {
		in      func(*service.Checkout)
		as      service.Visitor
		code    fault.Code
		reason  string
		pointer string
	}{
		"ErrEmail":         {func(c *service.Checkout) { c.Email = "ada@example.com\r\nBcc: x@y.z" }, v, fault.InvalidArgument, "validation_failed", "/email"},
		"ErrEmailName":     {func(c *service.Checkout) { c.Email = "Ada <ada@example.com>" }, v, fault.InvalidArgument, "validation_failed", "/email"},
		"ErrMethod":        {func(c *service.Checkout) { c.Method = "gold" }, v, fault.InvalidArgument, "validation_failed", "/payment_method"},
		"ErrMethodMissing": {func(c *service.Checkout) { c.Method = "" }, v, fault.InvalidArgument, "validation_failed", "/payment_method"},
		"ErrEmptyCart":     {func(c *service.Checkout) { c.CartID = empty }, guest, fault.FailedPrecondition, "cart_empty", ""},
		"ErrAnothersCart":  {func(*service.Checkout) {}, guest, fault.NotFound, "cart_not_found", ""},
		"ErrNoToken":       {func(*service.Checkout) {}, service.Visitor{}, fault.NotFound, "cart_not_found", ""},
		"ErrNoCart":        {func(c *service.Checkout) { c.CartID = "crt_" + strings.Repeat("0", 26) }, v, fault.NotFound, "cart_not_found", ""},
		"ErrMalformedID":   {func(c *service.Checkout) { c.CartID = "1" }, v, fault.NotFound, "cart_not_found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := checkout(cart, "k-"+name)
			c.in(&in)
			_, err := s.Checkout(ctx, c.as, in)
			fields := wantReason(t, err, c.code, c.reason)
			if c.pointer != "" && (len(fields) != 1 || fields[0].Pointer != c.pointer) {
				t.Errorf("fields are %v, want one at %s", fields, c.pointer)
			}
		})
	}
	if s.catalog.reserves != 0 || s.count(`SELECT COUNT(*) FROM orders_orders`) != 0 {
		t.Error("a refused checkout went further than its checks")
	}
}

func TestPriceChangedIsReportedAndTakenOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		chair, table := s.catalog.add(merchantA, 1990), s.catalog.add(merchantA, 5000)
		cart, v := s.guestCart(chair, table)
		s.catalog.reprice(chair, &moneyv1.Money{Amount: 2100, Currency: "EUR"})

		_, err := s.Checkout(ctx, v, checkout(cart, "k1"))
		fields := wantReason(t, err, fault.FailedPrecondition, "price_changed")
		want := []fault.Field{{Pointer: "/lines/" + chair + "/price", Detail: "19.90 EUR -> 21.00 EUR"}}
		if diff := cmp.Diff(want, fields); diff != "" {
			t.Errorf("fields:\n%s", diff)
		}
		read, err := s.Cart(ctx, v, cart)
		s.must(err)
		if read.Lines[0].Price.Amount != 2100 || read.Lines[1].Price.Amount != 5000 {
			t.Errorf("the cart shows %v", read.Lines)
		}
		o, err := s.Checkout(ctx, v, checkout(cart, "k2"))
		s.must(err)
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
			refusal("Reserve", "stock_short", &catalogv1.Shortage{Lines: []*catalogv1.Short{{ProductId: "prd_x", Requested: 3, Available: 1}}}),
			fault.Field{Pointer: "/lines/prd_x/quantity", Detail: "3 wanted, 1 available"},
		},
		"product_gone": {
			refusal("Reserve", "product_gone", &catalogv1.Gone{ProductIds: []string{"prd_x"}}),
			fault.Field{Pointer: "/lines/prd_x", Detail: "is no longer sold"},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
			s.catalog.reserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) { return nil, c.err }
			_, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
			fields := wantReason(t, err, fault.FailedPrecondition, reason)
			if diff := cmp.Diff([]fault.Field{c.want}, fields); diff != "" {
				t.Errorf("fields:\n%s", diff)
			}
			if s.count(`SELECT COUNT(*) FROM orders_orders`) != 0 || s.count(`SELECT COUNT(*) FROM events_outbox`) != 0 {
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
		s := newShop(t)
		cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
		before, err := s.Cart(context.Background(), v, cart)
		s.must(err)
		s.catalog.released = append(s.catalog.released, before.OrderID)
		o, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
		s.must(err)
		if o.ID == before.OrderID {
			t.Error("the order has the id of the released hold")
		}
	})
	t.Run("about to lapse", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
		before, err := s.Cart(context.Background(), v, cart)
		s.must(err)
		s.catalog.holds[before.OrderID] = s.clock.Now().Add(time.Minute)
		o, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
		s.must(err)
		if o.ID == before.OrderID || o.ExpiresAt.Sub(s.clock.Now()) < 20*time.Minute {
			t.Errorf("order %s expires in %s", o.ID, o.ExpiresAt.Sub(s.clock.Now()))
		}
		if !s.catalog.wasReleased(before.OrderID) {
			t.Error("the old hold was kept")
		}
	})
}

func TestPaymentsDownDuringCheckout(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		s.payments.startFn = down
		o, _ := s.placed()
		if o.Status != store.PendingPayment || o.PaymentStatus != store.PaymentPending {
			t.Errorf("order is %s, payment %s", o.Status, o.PaymentStatus)
		}
		s.reconcile()
		if n := len(s.payments.starts()); n != 1 {
			t.Fatalf("asked %d times within the grace", n)
		}
		s.clock.advance(startGrace)
		s.reconcile()
		s.reconcile()
		if n := len(s.payments.starts()); n != 2 {
			t.Fatalf("asked %d times after the grace, want once more", n)
		}
		s.payments.startFn = nil
		s.clock.advance(time.Minute)
		s.reconcile()
		starts := s.payments.starts()
		if len(starts) != 3 {
			t.Fatalf("asked %d times after a minute, want once more", len(starts))
		}
		if diff := cmp.Diff(starts[0], starts[2], protocmp.Transform()); diff != "" {
			t.Errorf("asked for something else the second time:\n%s", diff)
		}
		s.clock.advance(10 * time.Minute)
		s.reconcile()
		if n := len(s.payments.starts()); n != 3 {
			t.Errorf("asked %d times although payments has answered", n)
		}
		s.must(s.succeeded(o))
		s.wantStatus(o.ID, store.Paid)
	})
}

func (s *shop) reconcile() {
	s.t.Helper()
	_, err := s.Reconcile(context.Background())
	s.must(err)
}

func TestUnpaidOrdersExpire(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *shop) {
		o, v := s.placed()
		s.clock.advance(holdTTL - time.Minute - time.Second)
		s.reconcile()
		s.wantStatus(o.ID, store.PendingPayment)
		s.clock.advance(time.Second)
		twin := s.twin()
		s.must(together(4, func(i int) error {
			_, err := []*service.Service{s.Service, twin}[i%2].Reconcile(context.Background())
			return err
		})...)
		if diff := cmp.Diff([]string{"orders.Placed 1", "orders.Cancelled 2"}, s.told(o.ID)); diff != "" {
			t.Errorf("told:\n%s", diff)
		}
		s.must(s.succeeded(o)) // too late: payments gives it back because it hears Cancelled
		s.wantStatus(o.ID, store.Cancelled)

		t.Run("and the cart can be tried again", func(t *testing.T) {
			again, err := s.Checkout(context.Background(), v, checkout(o.CartID, "again"))
			s.must(err)
			if again.ID == o.ID || again.PaymentID == o.PaymentID {
				t.Errorf("order %s, payment %s", again.ID, again.PaymentID)
			}
		})
	})
}

func TestUnknownMethodFoundLate(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
	s.payments.startFn = func(context.Context, *paymentsv1.StartRequest) (*paymentsv1.StartResponse, error) {
		return nil, &fault.CallError{Module: "payments", Method: "Start", Code: fault.InvalidArgument, Reason: "validation_failed"}
	}
	_, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
	if fields := wantReason(t, err, fault.InvalidArgument, "validation_failed"); fields[0].Pointer != "/payment_method" {
		t.Errorf("fields are %v", fields)
	}
	read, err := s.Cart(context.Background(), v, cart)
	s.must(err)
	if read.State != store.CartOpen {
		t.Errorf("the cart is %s", read.State)
	}
	if n := s.count(`SELECT COUNT(*) FROM orders_orders WHERE status = 'cancelled'`); n != 1 {
		t.Errorf("%d cancelled orders", n)
	}
}

func TestMethodsAreRemembered(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for range 3 {
		s.placed()
	}
	if s.payments.asked != 1 {
		t.Errorf("asked for the methods %d times", s.payments.asked)
	}
	s.clock.advance(time.Hour)
	s.placed()
	if s.payments.asked != 2 {
		t.Errorf("asked for the methods %d times", s.payments.asked)
	}
}

func TestCatalogDown(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cart, v := s.guestCart(s.catalog.add(merchantA, 1990))
	s.catalog.reserveFn = func(*catalogv1.ReserveRequest) (*catalogv1.ReserveResponse, error) {
		return nil, &fault.CallError{Module: "catalog", Method: "Reserve", Code: fault.Unavailable, Reason: "module_down"}
	}
	_, err := s.Checkout(context.Background(), v, checkout(cart, "k"))
	if got := fault.From(err).Code; got != fault.Unavailable {
		t.Errorf("code is %s", got)
	}
	s.catalog.reserveFn = nil
	_, err = s.Checkout(context.Background(), v, checkout(cart, "k"))
	s.must(err)
}
