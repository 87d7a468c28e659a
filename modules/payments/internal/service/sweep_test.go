package service_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/store"
)

const keepWebhooks = 30 * 24 * time.Hour

// Processed webhooks go after a while, a batch at a time; those that could not be
// processed stay for people to look at.
func TestSweep(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		webhooks := func() int { return s.count(`SELECT COUNT(*) FROM payments_webhooks`) }
		for i := range 120 {
			s.must(s.webhook(provider.Event{ID: fmt.Sprint("of-nobody-", i), Charge: provider.Charge{Key: fmt.Sprint("pay_", i)}}))
		}
		s.work()
		s.must(s.webhook(provider.Event{ID: "not-processed", Charge: provider.Charge{Key: "pay_x"}}))
		s.clock.advance(keepWebhooks)
		if more, err := s.Sweep(context.Background()); err != nil || more || webhooks() != 121 {
			t.Errorf("before their time: %d left, more: %t, %v", webhooks(), more, err)
		}
		s.clock.advance(time.Second)
		if more, err := s.Sweep(context.Background()); err != nil || !more || webhooks() != 21 {
			t.Errorf("one batch: %d left, more: %t, %v", webhooks(), more, err)
		}
		if more, err := s.twin().Sweep(context.Background()); err != nil || more || webhooks() != 1 {
			t.Errorf("the rest: %d left, more: %t, %v", webhooks(), more, err)
		}
	})
}

// The clock goes back an hour: money, refunds and news do not wait until it has come up
// again.
func TestFault22_PaymentsWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		r := s.request("lost")
		s.start(r)
		s.must(s.webhook(provider.Event{ID: "early", Charge: provider.Charge{Key: "pay_x"}}))
		s.clock.advance(-time.Hour)
		s.work()
		s.wantMoney(r.GetPaymentId(), store.Succeeded, 1990, 0)
		if n := s.count(`SELECT COUNT(*) FROM payments_webhooks WHERE tries = 0 AND due_at IS NOT NULL`); n != 0 {
			t.Errorf("%d webhooks were not looked at", n)
		}
	})
}
