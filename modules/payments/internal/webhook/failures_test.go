package webhook_test

import (
	"context"
	"testing"
	"time"

	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/paymentstest"
	"app/platform/database"
)

// The event is kept before it is acknowledged: whoever starts after the crash processes
// it.
func TestFailure15_AcknowledgedThenCrashed(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		r := s.Request("pending")
		s.Start(r)
		s.Must(s.Deliver(s.Company.Capture(r.GetPaymentId(), 1990)))
		if p := s.Payment(r.GetPaymentId()); p.Status != payment.Pending {
			t.Fatalf("payment is %s before anybody processed the event", p.Status)
		}
		after := s.Twin()
		_, err := after.Webhooks.Process(context.Background())
		s.Must(err)
		s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
	})
}

// What could not be kept is not acknowledged: the provider sends it again.
func TestFailure15_NotKeptIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	r := s.Request("pending")
	s.Start(r)
	news := s.Company.Capture(r.GetPaymentId(), 1990)
	s.Must(s.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `ALTER TABLE payments_webhooks RENAME TO payments_elsewhere`)
		return err
	}))
	if err := s.Deliver(news); err == nil {
		t.Error("acknowledged, though it was kept nowhere")
	}
	s.Must(s.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `ALTER TABLE payments_elsewhere RENAME TO payments_webhooks`)
		return err
	}))
	s.Must(s.Deliver(news))
	s.Work()
	s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
}

// Effect and mark are one write: an event whose effect failed is not lost.
func TestFailure15_EffectAndMarkTogether(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	r := s.Request("pending")
	s.Start(r)
	s.Must(s.Deliver(s.Company.Capture(r.GetPaymentId(), 1990)))
	s.Must(s.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error { // nobody can tell it for now
		_, err := tx.Exec(ctx, `ALTER TABLE events_outbox RENAME TO events_elsewhere`)
		return err
	}))
	s.Work()
	if n := s.Count(`SELECT COUNT(*) FROM payments_webhooks WHERE processed_at IS NULL AND tries = 1`); n != 1 {
		t.Fatalf("%d events wait to be tried again", n)
	}
	s.Must(s.DB.Write(context.Background(), func(ctx context.Context, tx *database.Tx) error {
		_, err := tx.Exec(ctx, `ALTER TABLE events_elsewhere RENAME TO events_outbox`)
		return err
	}))
	s.Clock.Advance(time.Minute)
	s.Work()
	s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
	s.WantTold(r.GetPaymentId(), paymentstest.SucceededOnce)
}

// The webhook never comes: the provider is asked.
func TestFailure15_LostWebhook(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	r := s.Request("pending")
	s.Start(r)
	s.Company.Capture(r.GetPaymentId(), 1990)
	s.Work()
	if p := s.Payment(r.GetPaymentId()); p.Status != payment.Pending {
		t.Fatalf("payment is %s before it was time to ask", p.Status)
	}
	s.Clock.Advance(paymentstest.Poll)
	s.Work()
	s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
}
