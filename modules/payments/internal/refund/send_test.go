package refund_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/refund"
	"app/platform/fault"
	"app/platform/money"
)

func TestProviderRefusesARefund(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		s.Merchants[paymentstest.MerchantA+"/usr_ann"] = merchantsv1.Role_ROLE_MANAGER
		r := s.Captured()
		in := refund.Request{PaymentID: r.GetPaymentId(), Reason: "broken"}
		s.Company.OnRefund = func(provider.RefundRequest) error { return provider.ErrRefused }
		_, err := s.Refunds.Request(context.Background(), paymentstest.User("usr_ann"), in)
		s.Must(err)
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
		if p := s.Payment(r.GetPaymentId()); p.Refunding != 0 || p.Shares[0].Refunded != 0 || p.Refunds[0].State != refund.Failed {
			t.Errorf("left behind: %+v", p)
		}
		s.Company.OnRefund = nil
		_, err = s.Refunds.Request(context.Background(), paymentstest.User("usr_ann"), in)
		s.Must(err)
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 1490)
	})
}

// A merchant's refund is refused while the order is cancelled: its money goes back all
// the same.
func TestRefusedRefundOfACancelledOrder(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	s.Merchants[paymentstest.MerchantA+"/usr_ann"] = merchantsv1.Role_ROLE_MANAGER
	r := s.Captured()
	_, err := s.Refunds.Request(context.Background(), paymentstest.User("usr_ann"), refund.Request{PaymentID: r.GetPaymentId(), Reason: "broken"})
	s.Must(err, s.Cancel(r))
	var refused atomic.Bool // refunds are sent side by side
	s.Company.OnRefund = func(ask provider.RefundRequest) error {
		if ask.Amount == 1490 && !refused.Swap(true) {
			return provider.ErrRefused
		}
		return s.Company.GiveBack(ask)
	}
	s.Work()
	s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
}

func TestFailure13_DoubleClickOnRefund(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		s.Merchants[paymentstest.MerchantA+"/usr_ann"] = merchantsv1.Role_ROLE_MANAGER
		t.Run("the same request", func(t *testing.T) {
			r := s.Captured()
			in := refund.Request{PaymentID: r.GetPaymentId(), Amount: &money.Money{Amount: 400, Currency: "EUR"}, Reason: "broken"}
			s.Must(paymentstest.Together(8, func(int) error {
				_, err := s.Refunds.Request(paymentstest.Keyed("one click "+r.GetPaymentId(), s.Clock.Now()), paymentstest.User("usr_ann"), in)
				return err
			})...)
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 400)
			s.WantTold(r.GetPaymentId(), paymentstest.GivenBack)
		})
		t.Run("two requests for all of it", func(t *testing.T) {
			r := s.Captured()
			refused := 0
			for _, err := range paymentstest.Together(8, func(int) error {
				_, err := s.Refunds.Request(context.Background(), paymentstest.Root, refund.Request{PaymentID: r.GetPaymentId(), Reason: "gone"})
				return err
			}) {
				if err != nil {
					paymentstest.WantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
					refused++
				}
			}
			s.Work()
			if refused != 7 {
				t.Errorf("%d of 8 were refused", refused)
			}
			s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
		})
		t.Run("many parts at once never exceed the share", func(t *testing.T) {
			r := s.Captured()
			_ = paymentstest.Together(8, func(int) error {
				_, err := s.Refunds.Request(context.Background(), paymentstest.User("usr_ann"), refund.Request{
					PaymentID: r.GetPaymentId(), Amount: &money.Money{Amount: 400, Currency: "EUR"}, Reason: "broken",
				})
				return err
			})
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 1200)
		})
		t.Run("many parts of the whole at once are refused beyond it", func(t *testing.T) {
			r := s.Captured()
			for _, err := range paymentstest.Together(8, func(int) error {
				_, err := s.Refunds.Request(context.Background(), paymentstest.Root, refund.Request{
					PaymentID: r.GetPaymentId(), Amount: &money.Money{Amount: 400, Currency: "EUR"}, Reason: "broken",
				})
				return err
			}) {
				if err != nil {
					paymentstest.WantReason(t, err, fault.FailedPrecondition, "refund_exceeds_capture")
				}
			}
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 1600)
		})
		t.Run("while the order is cancelled", func(t *testing.T) {
			r := s.Captured()
			_ = paymentstest.Together(6, func(i int) error {
				if i%2 == 0 {
					return s.Cancel(r)
				}
				_, err := s.Refunds.Request(context.Background(), paymentstest.Root, refund.Request{PaymentID: r.GetPaymentId(), Reason: "gone"})
				return err
			})
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
		})
	})
}

func TestFailure13_TwoProcessesAskOnce(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		var asked atomic.Int64
		s.Company.OnRefund = func(r provider.RefundRequest) error {
			asked.Add(1)
			return s.Company.GiveBack(r)
		}
		for range 5 {
			s.Must(s.Cancel(s.Captured()))
		}
		twin := s.Twin()
		s.Must(paymentstest.Together(4, func(i int) error {
			_, err := []paymentstest.Process{s.Process, twin}[i%2].Refunds.Send(context.Background())
			return err
		})...)
		if n := asked.Load(); n != 5 {
			t.Errorf("asked %d times for 5 refunds", n)
		}
	})
}

// The answer of a refund is lost: it is asked for again under the same key.
func TestFailure13_LostAnswerOfARefund(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		r := s.Captured()
		s.Must(s.Cancel(r))
		s.Company.OnRefund = func(ask provider.RefundRequest) error {
			s.Company.OnRefund = nil
			s.Must(s.Company.GiveBack(ask))
			return paymentstest.ErrLost
		}
		s.Work()
		if p := s.Payment(r.GetPaymentId()); p.Status != payment.Succeeded || p.Refunds[0].State != refund.Unknown {
			t.Errorf("payment is %s, refund %s", p.Status, p.Refunds[0].State)
		}
		s.Clock.Advance(time.Minute)
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
		s.WantTold(r.GetPaymentId(), paymentstest.GivenBack)
	})
}
