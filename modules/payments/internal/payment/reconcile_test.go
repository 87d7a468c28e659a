package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/provider"
)

func TestProviderIsAskedLessAndLess(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	r := s.Request("pending")
	s.Start(r)
	asked := 0
	s.Company.OnLookup = func(string) (provider.Charge, error) { asked++; return provider.Charge{}, errors.New("down") }
	for range 29 * 60 {
		s.Clock.Advance(time.Second)
		_, err := s.Payments.Reconcile(context.Background())
		s.Must(err)
	}
	if asked < 5 || asked > 20 {
		t.Errorf("asked %d times in half an hour", asked)
	}
}

// The clock goes back an hour: money, refunds and news do not wait until it has come up
// again.
func TestFault22_PaymentsWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		r := s.Request("lost")
		s.Start(r)
		s.Must(s.Deliver(provider.Event{ID: "early", Charge: provider.Charge{Key: "pay_x"}}))
		s.Clock.Advance(-time.Hour)
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
		if n := s.Count(`SELECT COUNT(*) FROM payments_webhooks WHERE tries = 0 AND due_at IS NOT NULL`); n != 0 {
			t.Errorf("%d webhooks were not looked at", n)
		}
	})
}
