package service

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/store"
	"app/modules/payments/paymentsevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/money/moneyv1"
)

// SendRefunds asks providers for the refunds that are queued, or whose answer was lost:
// the refund's id is its key, so that asking again gives nothing back twice. Processes
// may run it at the same time.
func (s *Service) SendRefunds(ctx context.Context) (more bool, err error) {
	return s.forEachDue(ctx, func(ctx context.Context, q *database.Tx) ([]store.Due, error) {
		return store.DueRefunds(ctx, q, s.Now(), s.longestWait(), batch)
	}, func(d store.Due) {
		if err := s.sendRefund(ctx, d); err != nil {
			s.Logger.WarnContext(ctx, "refund is not done yet and will be asked for again", slog.String("refund", d.ID), slog.Any("error", err))
		}
	})
}

func (s *Service) sendRefund(ctx context.Context, d store.Due) error {
	r, p, claimed, err := s.claimRefund(ctx, d)
	if err != nil || !claimed {
		return err
	}
	port, err := s.providerOf(p)
	if err != nil {
		return err
	}
	asked, cancel := context.WithTimeout(ctx, s.Options.Timeout)
	defer cancel()
	err = port.Refund(asked, provider.RefundRequest{Key: r.ID, Charge: p.ID, Amount: r.Amount, Currency: p.Currency})
	switch {
	case err == nil:
		return s.finishRefund(ctx, r.ID, s.markRefunded)
	case errors.Is(err, provider.ErrRefused):
		s.Logger.ErrorContext(ctx, "provider refuses a refund", slog.String("refund", r.ID), slog.String("payment", p.ID), slog.Any("error", err))
		return s.finishRefund(ctx, r.ID, s.markRefundFailed)
	default:
		return errors.Join(err, s.finishRefund(ctx, r.ID, s.markRefundUnknown))
	}
}

// claimRefund puts the refund off for the time that asking may take, and reads it with
// its payment.
func (s *Service) claimRefund(ctx context.Context, d store.Due) (r store.Refund, p store.Payment, claimed bool, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if claimed, err = store.ClaimRefund(ctx, tx, d, s.Now().Add(2*s.Options.Timeout)); err != nil || !claimed {
			return err
		}
		if r, err = store.RefundByID(ctx, tx, d.ID); err != nil {
			return err
		}
		p, err = store.PaymentByID(ctx, tx, r.PaymentID)
		return err
	})
	return r, p, claimed, err
}

// finishRefund records what became of a refund under way; one that was recorded by
// somebody else is left as it is.
func (s *Service) finishRefund(ctx context.Context, id string, step func(context.Context, *database.Tx, *store.Refund, *store.Payment) error) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		r, err := store.RefundByID(ctx, tx, id)
		if err != nil {
			return err
		}
		// The payment first, then its refund: everybody locks in this order.
		p, err := store.LockPayment(ctx, tx, r.PaymentID)
		if err != nil {
			return err
		}
		if r, err = store.LockRefund(ctx, tx, id); err != nil || r.State == store.RefundDone || r.State == store.RefundFailed {
			return err
		}
		r.UpdatedAt, p.UpdatedAt = s.Now(), s.Now()
		return step(ctx, tx, &r, &p)
	})
}

// markRefunded notes that the money went back, and tells it.
func (s *Service) markRefunded(ctx context.Context, tx *database.Tx, r *store.Refund, p *store.Payment) error {
	from := r.State
	r.State, r.DueAt = store.RefundDone, time.Time{}
	p.Refunding -= r.Amount
	p.Refunded += r.Amount
	full := p.Refunded == p.Captured
	if full {
		p.Status = store.Refunded
	}
	if err := store.UpdateRefund(ctx, tx, *r, from); err != nil {
		return err
	}
	if err := store.UpdatePayment(ctx, tx, p); err != nil {
		return err
	}
	return events.Emit(ctx, tx, keyOf(*p), &paymentsevents.Refunded{
		RefundId: r.ID, PaymentId: p.ID, OrderId: p.OrderID, Email: p.Email, Locale: p.Locale,
		Amount: moneyv1.Of(p.Money(r.Amount)), RefundedTotal: moneyv1.Of(p.Money(p.Refunded)), Full: full, MerchantId: r.MerchantID,
	})
}

// markRefundFailed notes that a refund will never be done: its amount is free again.
// When the order is cancelled, what a merchant's refund would have given back is asked
// for once more as the shop's.
func (s *Service) markRefundFailed(ctx context.Context, tx *database.Tx, r *store.Refund, p *store.Payment) error {
	from := r.State
	r.State, r.DueAt = store.RefundFailed, time.Time{}
	p.Refunding -= r.Amount
	if err := store.UpdateRefund(ctx, tx, *r, from); err != nil {
		return err
	}
	if r.MerchantID != "" {
		if err := store.GiveShareBack(ctx, tx, p.ID, r.MerchantID, r.Amount); err != nil {
			return err
		}
		if !p.CancelledAt.IsZero() {
			if err := s.queueRest(ctx, tx, p); err != nil {
				return err
			}
		}
	}
	return store.UpdatePayment(ctx, tx, p)
}

// markRefundUnknown notes that the answer was lost.
func (s *Service) markRefundUnknown(ctx context.Context, tx *database.Tx, r *store.Refund, _ *store.Payment) error {
	from := r.State
	r.State, r.DueAt = store.RefundUnknown, s.retryTime(r.Tries)
	return store.UpdateRefund(ctx, tx, *r, from)
}
