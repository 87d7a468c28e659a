package payment_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/provider"
	"app/modules/payments/paymentsv1"
)

func TestFailure08_StartedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		r, twin := s.Request("ok"), s.Twin()
		s.Must(paymentstest.Together(12, func(i int) error {
			answer, err := []paymentstest.Process{s.Process, twin}[i%2].Payments.Start(context.Background(), r)
			if answer.GetPaymentId() != r.GetPaymentId() && err == nil {
				return errors.New("another payment was answered")
			}
			return err
		})...)
		s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
		s.WantTold(r.GetPaymentId(), paymentstest.SucceededOnce)
		if s.Company.Captures() != 1 || s.Company.Asked(r.GetPaymentId()) != 1 {
			t.Errorf("asked %d times, captured %d times", s.Company.Asked(r.GetPaymentId()), s.Company.Captures())
		}
	})
}

// The webhook is processed before the provider's answer to Charge is recorded.
func TestFailure08_WebhookFirst(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		var early error
		s.Company.OnCharge = func(r provider.ChargeRequest) (provider.Charge, error) {
			charge, err := s.Company.TakeCharge(r)
			early = errors.Join(s.Deliver(s.Company.Capture(r.Key, r.Amount)))
			_, worked := s.Webhooks.Process(context.Background())
			early = errors.Join(early, worked)
			return charge, err
		}
		r := s.Request("pending")
		s.Start(r)
		s.Must(early)
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
		s.WantTold(r.GetPaymentId(), paymentstest.SucceededOnce)
	})
}

// The order is cancelled while its money is on the way, in every order of things:
// whatever was taken goes back, once.
func TestFailure10_MoneyOfCancelledOrdersGoesBack(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		t.Run("captured, then cancelled, twice", func(t *testing.T) {
			r := s.Captured()
			s.Must(paymentstest.Together(3, func(int) error { return s.Cancel(r) })...)
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
			s.WantTold(r.GetPaymentId(), paymentstest.GivenBack)
		})
		t.Run("cancelled while pending, then captured", func(t *testing.T) {
			r := s.Request("pending")
			s.Start(r)
			s.Must(s.Cancel(r), s.Deliver(s.Company.Capture(r.GetPaymentId(), 1990)))
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
			s.WantTold(r.GetPaymentId(), paymentstest.GivenBack)
		})
		t.Run("cancelled before Start", func(t *testing.T) {
			r := s.Request("ok")
			s.Must(s.Cancel(r))
			if got := s.Start(r); got != paymentsv1.Status_STATUS_FAILED {
				t.Errorf("payment is %s", got)
			}
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Failed, 0, 0)
			s.WantTold(r.GetPaymentId(), nil)
			if n := s.Company.Asked(r.GetPaymentId()); n != 0 {
				t.Errorf("the provider was asked %d times", n)
			}
		})
		t.Run("cancelled while the provider is asked", func(t *testing.T) {
			r := s.Request("ok")
			s.Company.OnCharge = func(ask provider.ChargeRequest) (provider.Charge, error) {
				s.Company.OnCharge = nil
				s.Must(s.Cancel(r))
				return s.Company.TakeCharge(ask)
			}
			s.Start(r)
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
			s.WantTold(r.GetPaymentId(), paymentstest.GivenBack)
		})
		t.Run("captured after it was given up", func(t *testing.T) {
			r := s.Request("ok")
			s.Company.OnCharge = func(provider.ChargeRequest) (provider.Charge, error) { return provider.Charge{}, paymentstest.ErrLost }
			s.Start(r)
			s.Company.OnCharge = nil
			s.Must(s.Cancel(r))
			s.Clock.Advance(time.Minute)
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Failed, 0, 0)
			s.Must(s.Deliver(s.Company.Capture(r.GetPaymentId(), 1990)))
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
			s.WantTold(r.GetPaymentId(), []string{"payments.Failed", "payments.Refunded"})
		})
		t.Run("declined, then cancelled", func(t *testing.T) {
			r := s.Request("declined")
			if got := s.Start(r); got != paymentsv1.Status_STATUS_FAILED {
				t.Errorf("payment is %s", got)
			}
			s.Must(s.Cancel(r))
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Failed, 0, 0)
			s.WantTold(r.GetPaymentId(), []string{"payments.Failed"})
		})
	})
}

// One order's cancellation leaves another's capture alone, also of the same buyer and
// amount.
func TestFailure10_OthersCapturesAreLeftAlone(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		failed, good := s.Request("pending"), s.Request("ok")
		s.Start(failed)
		s.Start(good)
		s.Must(s.Cancel(failed))
		s.Work()
		s.WantMoney(good.GetPaymentId(), payment.Succeeded, 1990, 0)
		s.WantTold(good.GetPaymentId(), paymentstest.SucceededOnce)
	})
}

func TestFailure12_ProviderTimesOutAfterCapturing(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		t.Run("found by looking it up", func(t *testing.T) {
			r := s.Request("lost")
			if got := s.Start(r); got != paymentsv1.Status_STATUS_PENDING {
				t.Errorf("payment is %s", got)
			}
			s.Work()
			if p := s.Payment(r.GetPaymentId()); p.Status != payment.Pending || p.Attempt != payment.AttemptUnknown {
				t.Errorf("payment is %s, attempt %s", p.Status, p.Attempt)
			}
			s.Clock.Advance(paymentstest.Retry)
			twin := s.Twin()
			s.Must(paymentstest.Together(4, func(i int) error {
				_, err := []paymentstest.Process{s.Process, twin}[i%2].Payments.Reconcile(context.Background())
				return err
			})...)
			s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
			s.WantTold(r.GetPaymentId(), paymentstest.SucceededOnce)
			if n := s.Company.Asked(r.GetPaymentId()); n != 1 {
				t.Errorf("the money was asked for %d times", n)
			}
		})
		t.Run("asked again under the same key when it never arrived", func(t *testing.T) {
			r := s.Request("ok")
			var key atomic.Value
			s.Company.OnCharge = func(ask provider.ChargeRequest) (provider.Charge, error) {
				key.Store(ask.Key)
				return provider.Charge{}, paymentstest.ErrLost
			}
			s.Start(r)
			s.Company.OnCharge = nil
			s.Clock.Advance(paymentstest.Retry)
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
			if key.Load() != r.GetPaymentId() || s.Company.Asked(r.GetPaymentId()) != 1 {
				t.Errorf("asked under %v, then %d times under %s", key.Load(), s.Company.Asked(r.GetPaymentId()), r.GetPaymentId())
			}
		})
		t.Run("not asked again once the time is over", func(t *testing.T) {
			r := s.Request("ok")
			s.Company.OnCharge = func(provider.ChargeRequest) (provider.Charge, error) { return provider.Charge{}, paymentstest.ErrLost }
			s.Start(r)
			s.Company.OnCharge = nil
			s.Clock.Advance(time.Hour)
			s.Work()
			s.WantMoney(r.GetPaymentId(), payment.Failed, 0, 0)
			s.WantTold(r.GetPaymentId(), []string{"payments.Failed"})
		})
		t.Run("a paymentstest.Retry of Start does not ask again", func(t *testing.T) {
			r := s.Request("lost")
			s.Start(r)
			s.Start(r)
			if n := s.Company.Asked(r.GetPaymentId()); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	})
}

// The process dies between the row and the provider's answer: the row is all there is.
func TestFailure11_KilledWhileTheProviderIsAsked(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		for name, reached := range map[string]bool{"before it was reached": false, "after it captured": true} {
			t.Run(name, func(t *testing.T) {
				r := s.Request("ok")
				func() {
					defer func() { _ = recover() }()
					s.Company.OnCharge = func(ask provider.ChargeRequest) (provider.Charge, error) {
						s.Company.OnCharge = nil
						if reached {
							_, _ = s.Company.TakeCharge(ask)
						}
						panic("killed")
					}
					_, _ = s.Payments.Start(context.Background(), r)
				}()
				s.Clock.Advance(2 * paymentstest.Timeout)
				s.Work()
				s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
				s.WantTold(r.GetPaymentId(), paymentstest.SucceededOnce)
			})
		}
	})
}
