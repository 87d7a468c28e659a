package payment_test

import (
	"testing"
	"time"

	"app/modules/payments/internal/payment"
)

// What is left is what no refund has taken, whether it is under way or done; a refund
// that fails frees its amount.
func TestRefundsAreCounted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	p := payment.Payment{Status: payment.Succeeded, Amount: 1990, Captured: 1990}
	wantLeft := func(want int64) {
		t.Helper()
		if got := p.Left(); got != want || p.Status != payment.Succeeded {
			t.Errorf("%d are left of a payment that is %s, want %d", got, p.Status, want)
		}
	}
	p.BeginRefund(500, now)
	wantLeft(1490)
	p.AbandonRefund(500, now)
	wantLeft(1990)
	p.BeginRefund(500, now)
	p.BeginRefund(1490, now)
	if full := p.CompleteRefund(500, now); full {
		t.Error("full after a part")
	}
	wantLeft(0)
	if full := p.CompleteRefund(1490, now); !full || p.Status != payment.Refunded || p.Refunding != 0 || !p.UpdatedAt.Equal(now) {
		t.Errorf("full: %t, %+v", full, p)
	}
}
