package refund

import (
	"context"
	"errors"
	"log/slog"

	"app/modules/payments/internal/due"
	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/provider"
	"app/modules/payments/paymentsevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/money/moneyv1"
)

// Send asks providers for the refunds that are queued, or whose answer was lost: the
// refund's id is its key, so that asking again gives nothing back twice. Processes may
// run it at the same time.
func (s *Service) Send(ctx context.Context) (more bool, err error) {
	return due.Each(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]due.Row, error) {
		return s.Schedule.List(ctx, q, s.Now(), listDue)
	}, func(row due.Row) {
		if err := s.sendRefund(ctx, row); err != nil {
			s.Logger.WarnContext(ctx, "refund is not done yet and will be asked for again", slog.String("refund", row.ID), slog.Any("error", err))
		}
	})
}

func (s *Service) sendRefund(ctx context.Context, row due.Row) error {
	r, p, claimed, err := s.claimRefund(ctx, row)
	if err != nil || !claimed {
		return err
	}
	port, err := payment.ProviderOf(s.Providers, p)
	if err != nil {
		return err
	}
	asked, cancel := context.WithTimeout(ctx, s.Schedule.Timeout)
	defer cancel()
	err = port.Refund(asked, provider.RefundRequest{Key: r.ID, Charge: p.ID, Amount: r.Amount.Amount, Currency: r.Amount.Currency})
	switch {
	case err == nil:
		return s.recordAnswer(ctx, r.ID, s.markDone)
	case errors.Is(err, provider.ErrRefused):
		s.Logger.ErrorContext(ctx, "provider refuses a refund", slog.String("refund", r.ID), slog.String("payment", p.ID), slog.Any("error", err))
		return s.recordAnswer(ctx, r.ID, s.markFailed)
	default:
		return errors.Join(err, s.recordAnswer(ctx, r.ID, s.markUnknown))
	}
}

// claimRefund puts the refund off for the time that asking may take, and reads it with
// its payment.
func (s *Service) claimRefund(ctx context.Context, row due.Row) (r Refund, p payment.Payment, claimed bool, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if claimed, err = claimRow(ctx, tx, row, s.Now().Add(s.Schedule.Claim())); err != nil || !claimed {
			return err
		}
		found, err := refunds.Get(ctx, tx, "refund", `WHERE r.id = ?`, row.ID)
		if err != nil {
			return err
		}
		p, err = payment.ByID(ctx, tx, found.PaymentID)
		r = found.toRefund(p.Currency)
		return err
	})
	return r, p, claimed, err
}

// recordAnswer records what became of a refund under way; one that was recorded by
// somebody else is left as it is.
func (s *Service) recordAnswer(ctx context.Context, id string, mark func(context.Context, *database.Tx, *Refund, *payment.Payment) error) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		found, err := refunds.Get(ctx, tx, "refund", `WHERE r.id = ?`, id)
		if err != nil {
			return err
		}
		// The payment first, then its refund: everybody locks in this order.
		p, err := payment.Lock(ctx, tx, found.PaymentID)
		if err != nil {
			return err
		}
		r, err := lockRefund(ctx, tx, p.Currency, id)
		if err != nil || r.Over() {
			return err
		}
		return mark(ctx, tx, &r, &p)
	})
}

// markDone notes that the money went back, and announces it.
func (s *Service) markDone(ctx context.Context, tx *database.Tx, r *Refund, p *payment.Payment) error {
	from := r.State
	r.finishAs(Done, s.Now())
	full := p.CompleteRefund(r.Amount.Amount, s.Now())
	if err := updateRefund(ctx, tx, *r, from); err != nil {
		return err
	}
	if err := payment.Update(ctx, tx, p); err != nil {
		return err
	}
	return events.Emit(ctx, tx, payment.EventKey(*p), &paymentsevents.Refunded{
		RefundId: r.ID, PaymentId: p.ID, OrderId: p.OrderID, Email: p.Email, Locale: p.Locale,
		Amount: moneyv1.Of(r.Amount), RefundedTotal: moneyv1.Of(p.Money(p.Refunded)), Full: full, MerchantId: r.MerchantID,
	})
}

// markFailed notes that a refund will never be done: its amount is free again. When the
// order is cancelled, what a merchant's refund would have given back is asked for once
// more as the shop's.
func (s *Service) markFailed(ctx context.Context, tx *database.Tx, r *Refund, p *payment.Payment) error {
	from := r.State
	r.finishAs(Failed, s.Now())
	p.AbandonRefund(r.Amount.Amount, s.Now())
	if err := updateRefund(ctx, tx, *r, from); err != nil {
		return err
	}
	if r.MerchantID != "" {
		if err := payment.ReturnShare(ctx, tx, p.ID, r.MerchantID, r.Amount.Amount); err != nil {
			return err
		}
		if p.Cancelled() {
			if err := s.Queue.QueueRest(ctx, tx, p); err != nil {
				return err
			}
		}
	}
	return payment.Update(ctx, tx, p)
}

// markUnknown notes that the answer was lost.
func (s *Service) markUnknown(ctx context.Context, tx *database.Tx, r *Refund, _ *payment.Payment) error {
	from := r.State
	r.loseAnswer(s.Now().Add(s.Schedule.Backoff(r.Tries)), s.Now())
	return updateRefund(ctx, tx, *r, from)
}
