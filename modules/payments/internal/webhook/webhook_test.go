package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/paymentstest"
	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/webhook"
	"app/platform/fault"
	"app/platform/text"
)

func TestFailure09_SameWebhookThreeTimesAtOnce(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		r, twin := s.Request("pending"), s.Twin()
		s.Start(r)
		news := s.Company.Capture(r.GetPaymentId(), 1990)
		s.Must(paymentstest.Together(3, func(int) error { return s.Deliver(news) })...)
		other := news
		other.ID = "the same, told under another id"
		s.Must(s.Deliver(other))
		s.Must(paymentstest.Together(4, func(i int) error {
			_, err := []paymentstest.Process{s.Process, twin}[i%2].Webhooks.Process(context.Background())
			return err
		})...)
		s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
		s.WantTold(r.GetPaymentId(), paymentstest.SucceededOnce)
		if n := s.Count(`SELECT COUNT(*) FROM payments_webhooks WHERE result = 'processed'`); n != 2 {
			t.Errorf("%d events are kept and processed, want 2", n)
		}
	})
}

func TestFailure09_OutOfOrder(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		r := s.Request("pending")
		s.Start(r)
		late := provider.Event{ID: "pending", Charge: provider.Charge{Key: r.GetPaymentId(), Status: provider.Pending, Currency: "EUR"}}
		s.Must(s.Deliver(s.Company.Capture(r.GetPaymentId(), 1990)))
		s.Work()
		s.Must(s.Deliver(late))
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
		declined := provider.Event{ID: "declined", Charge: provider.Charge{Key: r.GetPaymentId(), Status: provider.Declined, Currency: "EUR"}}
		s.Must(s.Deliver(declined))
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Succeeded, 1990, 0)
		s.WantTold(r.GetPaymentId(), paymentstest.SucceededOnce)
	})
}

func TestFailure09_LateAfterARefund(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		r := s.Captured()
		s.Must(s.Cancel(r))
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
		s.Must(s.Deliver(s.Company.Capture(r.GetPaymentId(), 1990)))
		s.Work()
		s.WantMoney(r.GetPaymentId(), payment.Refunded, 1990, 1990)
		s.WantTold(r.GetPaymentId(), paymentstest.GivenBack)
	})
}

func TestFailure09_UnknownPayment(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		s.Must(s.Deliver(provider.Event{ID: "e", Charge: provider.Charge{Key: "pay_nobody", Status: provider.Captured, Amount: 1, Currency: "EUR"}}))
		s.Work()
		if n := s.Count(`SELECT COUNT(*) FROM payments_webhooks WHERE result = 'unknown_payment' AND due_at IS NULL`); n != 1 {
			t.Errorf("%d events are put aside", n)
		}
		if n := s.Count(`SELECT COUNT(*) FROM payments_payments`); n != 0 {
			t.Errorf("%d payments were made of it", n)
		}
	})
}

// Another amount than asked for is never taken as the payment.
func TestFailure09_AnotherAmount(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	r := s.Request("pending")
	s.Start(r)
	s.Must(s.Deliver(s.Company.Capture(r.GetPaymentId(), 19_900)))
	s.Work()
	if p := s.Payment(r.GetPaymentId()); p.Status != payment.Pending || p.Captured != 0 {
		t.Errorf("payment is %s with %d captured", p.Status, p.Captured)
	}
	if n := s.Count(`SELECT COUNT(*) FROM payments_webhooks WHERE tries > 0 AND processed_at IS NULL`); n != 1 {
		t.Errorf("%d events wait with an error", n)
	}
}

func TestFailure09_ForgedAndUnreadable(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	ctx := context.Background()
	paymentstest.WantReason(t, s.Webhooks.Receive(ctx, "company", http.Header{"Forged": {"yes"}}, []byte("0")), fault.Unauthenticated, "signature_invalid")
	paymentstest.WantReason(t, s.Webhooks.Receive(ctx, "company", http.Header{}, []byte("nonsense")), fault.InvalidArgument, "validation_failed")
	paymentstest.WantReason(t, s.Webhooks.Receive(ctx, "nobody", http.Header{}, []byte("0")), fault.NotFound, "provider_not_found")
	if n := s.Count(`SELECT COUNT(*) FROM payments_webhooks`); n != 0 {
		t.Errorf("%d events were kept", n)
	}
}

// An event that can never be processed is left alone after a while.
func TestWebhookIsGivenUp(t *testing.T) {
	t.Parallel()
	s := paymentstest.NewTill(t)
	r := s.Request("pending")
	s.Start(r)
	s.Must(s.Deliver(s.Company.Capture(r.GetPaymentId(), 1))) // another amount
	for range 20 {
		s.Clock.Advance(time.Hour)
		_, err := s.Webhooks.Process(context.Background())
		s.Must(err)
	}
	if n := s.Count(`SELECT COUNT(*) FROM payments_webhooks WHERE processed_at IS NULL AND due_at IS NULL AND tries = 12`); n != 1 {
		t.Errorf("%d events are left alone", n)
	}
}

// Processed webhooks go after a while, a batch at a time; those that could not be
// processed stay for people to look at.
func TestSweep(t *testing.T) {
	t.Parallel()
	paymentstest.Each(t, func(t *testing.T, s *paymentstest.Till) {
		webhooks := func() int { return s.Count(`SELECT COUNT(*) FROM payments_webhooks`) }
		for i := range 120 {
			s.Must(s.Deliver(provider.Event{ID: fmt.Sprint("of-nobody-", i), Charge: provider.Charge{Key: fmt.Sprint("pay_", i)}}))
		}
		s.Work()
		s.Must(s.Deliver(provider.Event{ID: "not-processed", Charge: provider.Charge{Key: "pay_x"}}))
		s.Clock.Advance(paymentstest.KeepWebhooks)
		if more, err := s.Webhooks.Sweep(context.Background()); err != nil || more || webhooks() != 121 {
			t.Errorf("before their time: %d left, more: %t, %v", webhooks(), more, err)
		}
		s.Clock.Advance(time.Second)
		if more, err := s.Webhooks.Sweep(context.Background()); err != nil || !more || webhooks() != 21 {
			t.Errorf("one batch: %d left, more: %t, %v", webhooks(), more, err)
		}
		if more, err := s.Twin().Webhooks.Sweep(context.Background()); err != nil || more || webhooks() != 1 {
			t.Errorf("the rest: %d left, more: %t, %v", webhooks(), more, err)
		}
	})
}

// What a provider says of a failure ends between two characters, so that MySQL keeps
// it.
func TestFault21_WhatProvidersSayIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	for _, said := range []string{strings.Repeat("a", webhook.MaxResult-1) + "é", strings.Repeat("é", 200), "Caf\xe9", strings.Repeat("\xff", 400)} {
		if kept := webhook.Kept(said); len(kept) > webhook.MaxResult || text.Valid(kept) != kept {
			t.Errorf("%q is kept as %q", said, kept)
		}
	}
}
