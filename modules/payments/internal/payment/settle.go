package payment

import (
	"context"
	"errors"
	"fmt"

	"app/modules/payments/internal/due"
	"app/modules/payments/internal/provider"
	"app/modules/payments/paymentsevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/money"
	"app/platform/money/moneyv1"
	"app/platform/text"
)

// ApplyCharge makes the transition that news of a charge asks for;
// database.ErrChanged when p is no longer what was read. The same news again, late or
// out of order, changes nothing:
//
//  1. a capture makes a pending payment succeed; the money of an order that was
//     cancelled meanwhile goes back at once;
//  2. a capture of a payment that was given up is kept on record, and goes back too;
//  3. a refusal makes a pending payment fail;
//  4. a pending charge is asked about again later, should its webhook be lost.
func (s *Service) ApplyCharge(ctx context.Context, tx *database.Tx, p *Payment, c provider.Charge) error {
	switch {
	case c.Status == provider.Captured && (c.Amount != p.Amount || c.Currency != p.Currency):
		return fmt.Errorf("payment %s is for %s, but %s was captured", p.ID, p.Money(p.Amount), money.Money{Amount: c.Amount, Currency: c.Currency})
	case c.Status == provider.Captured && p.Status == Pending:
		return s.markCaptured(ctx, tx, p, true)
	case c.Status == provider.Captured && p.Status == Failed && p.Captured == 0:
		return s.markCaptured(ctx, tx, p, false)
	case c.Status == provider.Declined && p.Status == Pending:
		return s.markFailed(ctx, tx, p, text.Cut(text.Valid(c.Reason), maxToken))
	case c.Status == provider.Pending && p.Status == Pending:
		p.awaitWebhook(s.Now().Add(due.Backoff(s.Poll, p.Tries)), s.Now())
		return Update(ctx, tx, p)
	}
	return nil
}

// markCaptured notes that the provider has the money. inTime says that the payment was
// waited for: orders learns of it, and decides by its own clock whether it still
// counts. Other money is not announced but given back.
func (s *Service) markCaptured(ctx context.Context, tx *database.Tx, p *Payment, inTime bool) error {
	p.recordCapture(s.Now())
	if !inTime || p.Cancelled() {
		if err := s.Refunds.QueueRest(ctx, tx, p); err != nil {
			return err
		}
	}
	if err := Update(ctx, tx, p); err != nil || !inTime {
		return err
	}
	return emitOutcome(ctx, tx, *p)
}

// maxToken bounds in bytes a provider's word for why it refuses; its column holds as
// many characters.
const maxToken = 64

// markFailed notes that there will be no money.
func (s *Service) markFailed(ctx context.Context, tx *database.Tx, p *Payment, why string) error {
	p.recordFailure(why, s.Now())
	if err := Update(ctx, tx, p); err != nil {
		return err
	}
	return emitOutcome(ctx, tx, *p)
}

// recordCharge makes the transition that the provider's answer asks for, in a write of
// its own. As a rule nobody has touched the payment since it was read; else it is read
// again under its lock.
func (s *Service) recordCharge(ctx context.Context, read Payment, c provider.Charge) (Payment, error) {
	p, err := database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Payment, error) {
		p := read
		err := s.ApplyCharge(ctx, tx, &p, c)
		return p, err
	})
	if !errors.Is(err, database.ErrChanged) {
		return p, err
	}
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Payment, error) {
		p, err := Lock(ctx, tx, read.ID)
		if err != nil {
			return p, err
		}
		err = s.ApplyCharge(ctx, tx, &p, c)
		return p, err
	})
}

// EventKey orders the events of a payment by its version.
func EventKey(p Payment) events.Key {
	return events.Key{Aggregate: "payment", ID: p.ID, Version: p.Version}
}

// emitOutcome emits the outcome of a payment that has one; a pending one is no news.
func emitOutcome(ctx context.Context, tx *database.Tx, p Payment) error {
	switch p.Status {
	case Succeeded:
		return events.Emit(ctx, tx, EventKey(p), &paymentsevents.Succeeded{PaymentId: p.ID, OrderId: p.OrderID, Amount: moneyv1.Of(p.Money(p.Amount))})
	case Failed:
		return events.Emit(ctx, tx, EventKey(p), &paymentsevents.Failed{PaymentId: p.ID, OrderId: p.OrderID, Reason: p.Reason})
	case Pending, Refunded:
		return nil
	}
	return fmt.Errorf("payment %s is %q", p.ID, p.Status)
}
