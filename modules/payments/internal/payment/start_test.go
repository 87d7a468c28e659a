package payment_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/provider"
	"app/modules/payments/paymentsv1"
	"app/platform/fault"
	"app/platform/money/moneyv1"
)

func TestStart(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		for method, want := range map[string]paymentsv1.Status{
			"ok": paymentsv1.Status_STATUS_SUCCEEDED, "declined": paymentsv1.Status_STATUS_FAILED,
			"pending": paymentsv1.Status_STATUS_PENDING, "lost": paymentsv1.Status_STATUS_PENDING,
		} {
			r := s.Request(method)
			if got := s.Start(r); got != want {
				t.Errorf("%s: %s, want %s", method, got, want)
			}
			if again := s.Start(r); again != want {
				t.Errorf("%s, repeated: %s, want %s", method, again, want)
			}
		}
		if n := s.Count(`SELECT COUNT(*) FROM payments_payments`); n != 4 {
			t.Errorf("%d payments of 4 orders", n)
		}
	})
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	for name, change := range map[string]func(*paymentsv1.StartRequest){
		"ErrMethod":        func(r *paymentsv1.StartRequest) { r.Method = "gold" },
		"ErrShares":        func(r *paymentsv1.StartRequest) { r.Shares = r.Shares[:1] },
		"ErrNegativeShare": func(r *paymentsv1.StartRequest) { r.Shares[0].Amount.Amount, r.Shares[1].Amount.Amount = -10, 2000 },
		"ErrShareCurrency": func(r *paymentsv1.StartRequest) { r.Shares[0].Amount = &moneyv1.Money{Amount: 1490, Currency: "USD"} },
		"ErrID":            func(r *paymentsv1.StartRequest) { r.PaymentId = "1" },
		"ErrOrder":         func(r *paymentsv1.StartRequest) { r.OrderId = r.PaymentId },
	} {
		t.Run(name, func(t *testing.T) {
			r := s.Request("ok")
			change(r)
			_, err := s.Payments.Start(context.Background(), r)
			paymentstest.WantReason(t, err, fault.InvalidArgument, "validation_failed")
		})
	}
	t.Run("ErrDiffers", func(t *testing.T) {
		r := s.Captured()
		r.Amount, r.Shares = paymentstest.Euro(1), []*paymentsv1.Share{{MerchantId: paymentstest.MerchantA, Amount: paymentstest.Euro(1)}}
		_, err := s.Payments.Start(context.Background(), r)
		paymentstest.WantReason(t, err, fault.FailedPrecondition, "payment_differs")
		other := s.Request("ok")
		other.PaymentId = r.PaymentId
		_, err = s.Payments.Start(context.Background(), other)
		paymentstest.WantReason(t, err, fault.FailedPrecondition, "payment_differs")
	})
	t.Run("too late", func(t *testing.T) {
		r := s.Request("ok")
		r.ExpiresAt = timestamppb.New(s.Clock.Now())
		if got := s.Start(r); got != paymentsv1.Status_STATUS_FAILED {
			t.Errorf("payment is %s", got)
		}
		s.WantMoney(r.GetPaymentId(), payment.Failed, 0, 0)
		s.WantTold(r.GetPaymentId(), []string{"payments.Failed"})
	})
}

func TestFreeOrderNeedsNoProvider(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	r := s.Request("ok")
	r.Amount, r.Shares = paymentstest.Euro(0), []*paymentsv1.Share{{MerchantId: paymentstest.MerchantA, Amount: paymentstest.Euro(0)}}
	if got := s.Start(r); got != paymentsv1.Status_STATUS_SUCCEEDED {
		t.Errorf("payment is %s", got)
	}
	s.Must(s.Cancel(r))
	s.Work()
	s.WantMoney(r.GetPaymentId(), payment.Succeeded, 0, 0)
	s.WantTold(r.GetPaymentId(), []string{"payments.Succeeded"})
	if n := s.Company.Asked(r.GetPaymentId()); n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// What has begun is recorded although the caller has gone.
func TestCallerGoesAway(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	ctx, cancel := context.WithCancel(context.Background())
	s.Company.OnCharge = func(r provider.ChargeRequest) (provider.Charge, error) {
		cancel()
		return s.Company.TakeCharge(r)
	}
	r := s.Request("ok")
	_, err := s.Payments.Start(ctx, r)
	s.Must(err)
	s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
}

func TestMethods(t *testing.T) {
	t.Parallel()
	got, err := paymentstest.NewTill(t).Payments.Methods(context.Background(), &paymentsv1.MethodsRequest{})
	if diff := cmp.Diff([]string{"declined", "lost", "ok", "pending"}, got.GetMethods()); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
