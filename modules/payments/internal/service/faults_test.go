package service_test

import (
	"context"
	"testing"

	"app/modules/payments/internal/store"
	"app/modules/payments/paymentsv1"
	"app/platform/fault"
	"app/platform/money"
)

// wantSeen checks what a user reads of a payment.
func (s *till) wantSeen(r *paymentsv1.StartRequest, who string, status store.Status, amount, refunded int64, refunds int) {
	s.t.Helper()
	v, err := s.Payment(context.Background(), user(who), r.GetPaymentId())
	s.must(err)
	if v.Status != status || v.Amount.Amount != amount || v.Refunded.Amount != refunded || len(v.Refunds) != refunds {
		s.t.Errorf("%s sees %s, %d of %d refunded in %d, want %s, %d of %d in %d", who,
			v.Status, v.Refunded.Amount, v.Amount.Amount, len(v.Refunds), status, refunded, amount, refunds)
	}
}

func TestFault11_MerchantsSeeTheirShareOfAPayment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		refund := refunder(s)
		t.Run("one's own share is refunded with it", func(t *testing.T) {
			r := s.captured()
			_, err := refund("usr_ann", r, nil, "")
			s.must(err)
			s.work()
			s.wantSeen(r, "usr_ann", store.Refunded, 1490, 1490, 1)
			s.wantSeen(r, "usr_bob", store.Succeeded, 500, 0, 0)
			s.wantSeen(r, "usr_ada", store.Succeeded, 1990, 1490, 1)
		})
		t.Run("another's refund changes nothing", func(t *testing.T) {
			r := s.captured()
			_, err := refund("usr_bob", r, nil, "")
			s.must(err)
			s.work()
			s.wantSeen(r, "usr_ann", store.Succeeded, 1490, 0, 0)
		})
		t.Run("the shop gives all back", func(t *testing.T) {
			r := s.captured()
			_, err := refund("usr_root", r, cents(100), "")
			s.must(err)
			s.work()
			s.wantSeen(r, "usr_ann", store.Succeeded, 1490, 0, 0)
			s.must(s.cancelled(r))
			s.work()
			s.wantSeen(r, "usr_ann", store.Refunded, 1490, 1490, 0)
			s.wantSeen(r, "usr_bob", store.Refunded, 500, 500, 0)
		})
	})
}

func TestFault30_TheHighestPaymentIsRefundedInParts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		refund := refunder(s)
		r := s.request("ok")
		r.Amount, r.Shares = euro(money.Max), []*paymentsv1.Share{{MerchantId: merchantA, Amount: euro(money.Max)}}
		if got := s.start(r); got != paymentsv1.Status_STATUS_SUCCEEDED {
			t.Fatalf("payment is %s", got)
		}
		for _, part := range []int64{1_000_000_000_001, money.Max - 1_000_000_000_002} {
			_, err := refund("usr_ann", r, cents(part), "")
			s.must(err)
		}
		_, err := refund("usr_ann", r, cents(2), "")
		wantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
		_, err = refund("usr_ann", r, cents(1), "")
		s.must(err)
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Refunded, money.Max, money.Max)
	})
}
