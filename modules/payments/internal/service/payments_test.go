package service_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/service"
	"app/modules/payments/internal/store"
	"app/modules/payments/paymentsevents"
	"app/modules/payments/paymentsv1"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

func TestStart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		for method, want := range map[string]paymentsv1.Status{
			"ok": paymentsv1.Status_STATUS_SUCCEEDED, "declined": paymentsv1.Status_STATUS_FAILED,
			"pending": paymentsv1.Status_STATUS_PENDING, "lost": paymentsv1.Status_STATUS_PENDING,
		} {
			r := s.request(method)
			if got := s.start(r); got != want {
				t.Errorf("%s: %s, want %s", method, got, want)
			}
			if again := s.start(r); again != want {
				t.Errorf("%s, repeated: %s, want %s", method, again, want)
			}
		}
		if n := s.count(`SELECT COUNT(*) FROM payments_payments`); n != 4 {
			t.Errorf("%d payments of 4 orders", n)
		}
	})
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	for name, change := range map[string]func(*paymentsv1.StartRequest){
		"ErrMethod":        func(r *paymentsv1.StartRequest) { r.Method = "gold" },
		"ErrShares":        func(r *paymentsv1.StartRequest) { r.Shares = r.Shares[:1] },
		"ErrNegativeShare": func(r *paymentsv1.StartRequest) { r.Shares[0].Amount.Amount, r.Shares[1].Amount.Amount = -10, 2000 },
		"ErrShareCurrency": func(r *paymentsv1.StartRequest) { r.Shares[0].Amount = &moneyv1.Money{Amount: 1490, Currency: "USD"} },
		"ErrID":            func(r *paymentsv1.StartRequest) { r.PaymentId = "1" },
		"ErrOrder":         func(r *paymentsv1.StartRequest) { r.OrderId = r.PaymentId },
	} {
		t.Run(name, func(t *testing.T) {
			r := s.request("ok")
			change(r)
			_, err := s.Start(context.Background(), r)
			wantReason(t, err, fault.InvalidArgument, "validation_failed")
		})
	}
	t.Run("ErrDiffers", func(t *testing.T) {
		r := s.captured()
		r.Amount, r.Shares = euro(1), []*paymentsv1.Share{{MerchantId: merchantA, Amount: euro(1)}}
		_, err := s.Start(context.Background(), r)
		wantReason(t, err, fault.FailedPrecondition, "payment_differs")
		other := s.request("ok")
		other.PaymentId = r.PaymentId
		_, err = s.Start(context.Background(), other)
		wantReason(t, err, fault.FailedPrecondition, "payment_differs")
	})
	t.Run("too late", func(t *testing.T) {
		r := s.request("ok")
		r.ExpiresAt = timestamppb.New(s.clock.Now())
		if got := s.start(r); got != paymentsv1.Status_STATUS_FAILED {
			t.Errorf("payment is %s", got)
		}
		s.wantMoney(r.GetPaymentId(), store.Failed, 0, 0)
		s.wantTold(r.GetPaymentId(), []string{"payments.Failed"})
	})
}

func TestFreeOrderNeedsNoProvider(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	r := s.request("ok")
	r.Amount, r.Shares = euro(0), []*paymentsv1.Share{{MerchantId: merchantA, Amount: euro(0)}}
	if got := s.start(r); got != paymentsv1.Status_STATUS_SUCCEEDED {
		t.Errorf("payment is %s", got)
	}
	s.must(s.cancelled(r))
	s.work()
	s.wantMoney(r.GetPaymentId(), store.Succeeded, 0, 0)
	s.wantTold(r.GetPaymentId(), []string{"payments.Succeeded"})
	if n := s.company.asked(r.GetPaymentId()); n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// What has begun is recorded although the caller has gone.
func TestCallerGoesAway(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	ctx, cancel := context.WithCancel(context.Background())
	s.company.chargeFn = func(r provider.ChargeRequest) (provider.Charge, error) {
		cancel()
		return s.company.charge(r)
	}
	r := s.request("ok")
	_, err := s.Start(ctx, r)
	s.must(err)
	s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
}

func TestMethods(t *testing.T) {
	t.Parallel()
	got, err := newTill(t).Methods(context.Background(), &paymentsv1.MethodsRequest{})
	if diff := cmp.Diff([]string{"declined", "lost", "ok", "pending"}, got.GetMethods()); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// refunder asks for refunds as the users of a till with members of both merchants.
func refunder(s *till) func(who string, r *paymentsv1.StartRequest, amount *money.Money, merchant string) (store.Refund, error) {
	for who, role := range map[string]merchantsv1.Role{
		merchantA + "/usr_ann": merchantsv1.Role_ROLE_MANAGER, merchantB + "/usr_bob": merchantsv1.Role_ROLE_OWNER,
		merchantA + "/usr_both": merchantsv1.Role_ROLE_OWNER, merchantB + "/usr_both": merchantsv1.Role_ROLE_MANAGER,
		merchantA + "/usr_viewer": merchantsv1.Role_ROLE_VIEWER, merchantA + "/usr_unproven": merchantsv1.Role_ROLE_VIEWER,
	} {
		s.merchants[who] = role
	}
	return func(who string, r *paymentsv1.StartRequest, amount *money.Money, merchant string) (store.Refund, error) {
		v := user(who)
		if who == "usr_unproven" { // a manager, when there is a second factor
			v.Principal = v.Principal.Withhold()
		}
		if who == "usr_root" {
			v = root
		}
		return s.RequestRefund(context.Background(), v, service.RefundRequest{PaymentID: r.GetPaymentId(), Amount: amount, MerchantID: merchant, Reason: "broken"})
	}
}

func cents(n int64) *money.Money { return &money.Money{Amount: n, Currency: "EUR"} }

func TestRefund(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		refund := refunder(s)
		t.Run("OK for a part, then the rest of the share", func(t *testing.T) {
			r := s.captured()
			first, err := refund("usr_ann", r, cents(500), "")
			s.must(err)
			rest, err := refund("usr_ann", r, nil, "")
			s.must(err)
			if first.Amount != 500 || rest.Amount != 990 || rest.MerchantID != merchantA {
				t.Errorf("refunds are %+v and %+v", first, rest)
			}
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 1490)
			_, err = refund("usr_ann", r, nil, "")
			wantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
			_, err = refund("usr_bob", r, nil, "")
			s.must(err)
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
			s.wantTold(r.GetPaymentId(), []string{"payments.Succeeded", "payments.Refunded", "payments.Refunded", "payments.Refunded"})
		})
		t.Run("OK for an administrator", func(t *testing.T) {
			r := s.captured()
			_, err := refund("usr_root", r, cents(1600), "")
			s.must(err)
			_, err = refund("usr_ann", r, nil, "") // what is left of the payment is less than the share
			s.must(err)
			s.work()
			s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
		})
		t.Run("OK for whoever manages both, and says for which", func(t *testing.T) {
			r := s.captured()
			_, err := refund("usr_both", r, nil, "")
			wantReason(t, err, fault.InvalidArgument, "validation_failed")
			got, err := refund("usr_both", r, nil, merchantB)
			s.must(err)
			if got.Amount != 500 {
				t.Errorf("refund of %d", got.Amount)
			}
		})
	})
}

// The notice of a refund is in the language of the order, also of one that was
// cancelled before its payment was heard of.
func TestRefundKnowsTheLanguage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		r := s.captured()
		s.must(s.cancelled(r))
		s.work()
		unheard := s.request("ok")
		s.must(s.cancelled(unheard))
		if got := s.payment(unheard.GetPaymentId()).Locale; got != "de-AT" {
			t.Errorf("a payment that was never asked for is in %q", got)
		}
		var told paymentsevents.Refunded
		s.must(s.db.Read(context.Background(), func(ctx context.Context, q *database.Tx) error {
			var payload []byte
			err := q.QueryRow(ctx, `SELECT payload FROM events_outbox WHERE type = 'payments.Refunded' AND aggregate_id = ?`, r.GetPaymentId()).Scan(&payload)
			return errors.Join(err, proto.Unmarshal(payload, &told))
		}))
		if told.GetLocale() != "de-AT" || told.GetEmail() != "ada@example.com" {
			t.Errorf("told %v", &told)
		}
	})
}

func TestRefundRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		refund := refunder(s)
		t.Run("ErrMoreThanTheShare", func(t *testing.T) {
			_, err := refund("usr_bob", s.captured(), cents(501), "")
			wantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
		})
		t.Run("ErrRole", func(t *testing.T) {
			_, err := refund("usr_viewer", s.captured(), nil, "")
			wantReason(t, err, fault.PermissionDenied, "role_too_low")
		})
		t.Run("ErrSecondFactor", func(t *testing.T) {
			_, err := refund("usr_unproven", s.captured(), nil, "")
			wantReason(t, err, fault.PermissionDenied, "second_factor_required")
		})
		t.Run("ErrBuyer", func(t *testing.T) {
			_, err := refund("usr_ada", s.captured(), nil, "")
			wantReason(t, err, fault.PermissionDenied, "role_too_low")
		})
		t.Run("ErrAnothersShare", func(t *testing.T) {
			_, err := refund("usr_ann", s.captured(), nil, merchantB)
			wantReason(t, err, fault.InvalidArgument, "validation_failed")
			_, err = refund("usr_root", s.captured(), nil, "mrc_0000000000000000000000000c")
			wantReason(t, err, fault.InvalidArgument, "validation_failed")
		})
		t.Run("ErrNotCaptured", func(t *testing.T) {
			r := s.request("declined")
			s.start(r)
			_, err := refund("usr_root", r, nil, "")
			wantReason(t, err, fault.FailedPrecondition, "payment_not_captured")
		})
		t.Run("ErrAmount", func(t *testing.T) {
			for _, wrong := range []money.Money{{Amount: 0, Currency: "EUR"}, {Amount: -1, Currency: "EUR"}, {Amount: 1, Currency: "USD"}} {
				_, err := refund("usr_root", s.captured(), &wrong, "")
				wantReason(t, err, fault.InvalidArgument, "validation_failed")
			}
		})
	})
}

func TestProviderRefusesARefund(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		s.merchants[merchantA+"/usr_ann"] = merchantsv1.Role_ROLE_MANAGER
		r := s.captured()
		in := service.RefundRequest{PaymentID: r.GetPaymentId(), Reason: "broken"}
		s.company.refundFn = func(provider.RefundRequest) error { return provider.ErrRefused }
		_, err := s.RequestRefund(context.Background(), user("usr_ann"), in)
		s.must(err)
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
		if p := s.payment(r.GetPaymentId()); p.Refunding != 0 || p.Shares[0].Refunded != 0 || p.Refunds[0].State != store.RefundFailed {
			t.Errorf("left behind: %+v", p)
		}
		s.company.refundFn = nil
		_, err = s.RequestRefund(context.Background(), user("usr_ann"), in)
		s.must(err)
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 1490)
	})
}

// A merchant's refund is refused while the order is cancelled: its money goes back all
// the same.
func TestRefusedRefundOfACancelledOrder(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	s.merchants[merchantA+"/usr_ann"] = merchantsv1.Role_ROLE_MANAGER
	r := s.captured()
	_, err := s.RequestRefund(context.Background(), user("usr_ann"), service.RefundRequest{PaymentID: r.GetPaymentId(), Reason: "broken"})
	s.must(err, s.cancelled(r))
	var refused atomic.Bool // refunds are sent side by side
	s.company.refundFn = func(ask provider.RefundRequest) error {
		if ask.Amount == 1490 && !refused.Swap(true) {
			return provider.ErrRefused
		}
		return s.company.refund(ask)
	}
	s.work()
	s.wantMoney(r.GetPaymentId(), store.Refunded, 1990, 1990)
}

func TestViews(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	ctx := context.Background()
	s.merchants[merchantA+"/usr_ann"] = merchantsv1.Role_ROLE_VIEWER
	s.merchants[merchantB+"/usr_bob"] = merchantsv1.Role_ROLE_MANAGER
	r := s.captured()
	_, err := s.RequestRefund(ctx, user("usr_bob"), service.RefundRequest{PaymentID: r.GetPaymentId(), Reason: "broken"})
	s.must(err)
	s.work()
	for who, want := range map[string]struct{ amount, refunded, refunds int64 }{
		"usr_ada": {1990, 500, 1}, "usr_ann": {1490, 0, 0}, "usr_bob": {500, 500, 1},
	} {
		got, err := s.Payment(ctx, user(who), r.GetPaymentId())
		s.must(err)
		if got.Amount.Amount != want.amount || got.Refunded.Amount != want.refunded || int64(len(got.Refunds)) != want.refunds {
			t.Errorf("%s sees %s with %s refunded by %d refunds", who, got.Amount, got.Refunded, len(got.Refunds))
		}
	}
	guest := s.request("ok")
	guest.BuyerId, guest.GuestTokenHash = "", "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0" // of "token"
	s.start(guest)
	_, err = s.Payment(ctx, service.NewVisitor(ctx, "token"), guest.GetPaymentId())
	s.must(err)
	_, err = s.Payment(ctx, service.NewVisitor(ctx, "another"), guest.GetPaymentId())
	wantReason(t, err, fault.NotFound, "payment_not_found")
}

// An event that can never be processed is left alone after a while.
func TestWebhookIsGivenUp(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	r := s.request("pending")
	s.start(r)
	s.must(s.webhook(s.company.capture(r.GetPaymentId(), 1))) // another amount
	for range 20 {
		s.clock.advance(time.Hour)
		_, err := s.ProcessWebhooks(context.Background())
		s.must(err)
	}
	if n := s.count(`SELECT COUNT(*) FROM payments_webhooks WHERE processed_at IS NULL AND due_at IS NULL AND tries = 12`); n != 1 {
		t.Errorf("%d events are left alone", n)
	}
}

func TestProviderIsAskedLessAndLess(t *testing.T) {
	t.Parallel()
	s := newTill(t)
	r := s.request("pending")
	s.start(r)
	asked := 0
	s.company.lookupFn = func(string) (provider.Charge, error) { asked++; return provider.Charge{}, errors.New("down") }
	for range 29 * 60 {
		s.clock.advance(time.Second)
		_, err := s.Reconcile(context.Background())
		s.must(err)
	}
	if asked < 5 || asked > 20 {
		t.Errorf("asked %d times in half an hour", asked)
	}
}
