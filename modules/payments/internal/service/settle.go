package service

import (
	"context"
	"fmt"
	"time"

	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/store"
	"app/platform/database"
	"app/platform/ids"
	"app/platform/money"
	"app/platform/text"
)

// applyCharge takes the step that news of a charge asks for; ErrChanged when p is no
// longer what was read. The same news again, late or out of order, changes nothing:
//
//  1. a capture makes a pending payment succeed; the money of an order that was
//     cancelled meanwhile goes back at once;
//  2. a capture of a payment that was given up is kept on record, and goes back too;
//  3. a refusal makes a pending payment fail;
//  4. a pending charge is asked about again later, should its webhook be lost.
func (s *Service) applyCharge(ctx context.Context, tx *database.Tx, p *store.Payment, c provider.Charge) error {
	switch {
	case c.Status == provider.Captured && (c.Amount != p.Amount || c.Currency != p.Currency):
		return fmt.Errorf("payment %s is for %s, but %s was captured", p.ID, p.Money(p.Amount), money.Money{Amount: c.Amount, Currency: c.Currency})
	case c.Status == provider.Captured && p.Status == store.Pending:
		return s.markCaptured(ctx, tx, p, true)
	case c.Status == provider.Captured && p.Status == store.Failed && p.Captured == 0:
		return s.markCaptured(ctx, tx, p, false)
	case c.Status == provider.Declined && p.Status == store.Pending:
		return s.markFailed(ctx, tx, p, text.Cut(text.Valid(c.Reason), maxToken))
	case c.Status == provider.Pending && p.Status == store.Pending:
		p.Attempt, p.DueAt, p.UpdatedAt = store.AttemptDone, s.Now().Add(backoffDelay(s.Options.Poll, p.Tries)), s.Now()
		return store.UpdatePayment(ctx, tx, p)
	}
	return nil
}

// markCaptured notes that the provider has the money. inTime tells that the payment was
// waited for: orders hears of it, and decides by its own clock whether it still counts.
// Other money is not told but given back.
func (s *Service) markCaptured(ctx context.Context, tx *database.Tx, p *store.Payment, inTime bool) error {
	p.Status, p.Captured, p.Attempt, p.DueAt, p.UpdatedAt = store.Succeeded, p.Amount, store.AttemptDone, time.Time{}, s.Now()
	if !inTime || !p.CancelledAt.IsZero() {
		if err := s.queueRest(ctx, tx, p); err != nil {
			return err
		}
	}
	if err := store.UpdatePayment(ctx, tx, p); err != nil || !inTime {
		return err
	}
	return emitPaymentOutcome(ctx, tx, *p)
}

// maxToken bounds in bytes a provider's word for why it refuses; its column holds as
// many characters.
const maxToken = 64

// markFailed notes that there will be no money.
func (s *Service) markFailed(ctx context.Context, tx *database.Tx, p *store.Payment, reason string) error {
	p.Status, p.Reason, p.Attempt, p.DueAt, p.UpdatedAt = store.Failed, reason, store.AttemptDone, time.Time{}, s.Now()
	if err := store.UpdatePayment(ctx, tx, p); err != nil {
		return err
	}
	return emitPaymentOutcome(ctx, tx, *p)
}

// queueRest queues the refund of whatever is left of a capture and takes it off what is
// left; the caller stores p.
func (s *Service) queueRest(ctx context.Context, tx *database.Tx, p *store.Payment) error {
	left := p.Left()
	if left == 0 {
		return nil
	}
	now := s.Now()
	p.Refunding += left
	tx.AfterCommit(s.WakeRefunds)
	return store.InsertRefund(ctx, tx, store.Refund{
		ID: ids.New("rfd", now), PaymentID: p.ID, Amount: left, Reason: reasonCancelled,
		State: store.RefundQueued, DueAt: now, CreatedAt: now, UpdatedAt: now,
	})
}
