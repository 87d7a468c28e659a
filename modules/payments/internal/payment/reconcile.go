package payment

import (
	"context"
	"log/slog"

	"app/modules/payments/internal/due"
	"app/modules/payments/internal/provider"
	"app/platform/database"
)

// Reconcile finds out what became of charges whose answer was lost or is overdue: it
// asks the provider, and asks for the money again, under the same key, only when the
// provider never heard of it. Processes may run it at the same time.
func (s *Service) Reconcile(ctx context.Context) (more bool, err error) {
	return due.Each(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]due.Row, error) {
		return s.Schedule.List(ctx, q, s.Now(), listDue)
	}, func(row due.Row) {
		if err := s.resolveCharge(ctx, row); err != nil {
			s.Logger.WarnContext(ctx, "payment is still unclear and will be looked at again", slog.String("payment", row.ID), slog.Any("error", err))
		}
	})
}

func (s *Service) resolveCharge(ctx context.Context, row due.Row) error {
	p, claimed, err := s.claimPayment(ctx, row)
	if err != nil || !claimed {
		return err
	}
	port, err := ProviderOf(s.Providers, p)
	if err != nil {
		return err
	}
	asked, cancel := context.WithTimeout(ctx, s.Schedule.Timeout)
	defer cancel()
	c, err := port.Lookup(asked, p.ID)
	if err != nil {
		return err //nolint:wrapcheck // logged by the caller
	}
	switch {
	case c.Status != provider.Unknown:
		_, err = s.recordCharge(ctx, p, c)
	case p.Cancelled():
		err = s.giveUp(ctx, p.ID, reasonCancelled)
	case !s.Now().Before(p.ExpiresAt):
		err = s.giveUp(ctx, p.ID, reasonExpired)
	default:
		_, err = s.chargePayment(ctx, p)
	}
	return err
}

// claimPayment puts the payment off for the time that finding out may take, and reads
// it.
func (s *Service) claimPayment(ctx context.Context, row due.Row) (p Payment, claimed bool, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if p, err = Lock(ctx, tx, row.ID); err != nil {
			return err
		}
		next := s.Now().Add(s.Schedule.Claim() + s.Schedule.Backoff(p.Tries))
		claimed, err = claimRow(ctx, tx, row, next)
		p.Tries++
		return err
	})
	return p, claimed, err
}

// giveUp fails a payment that no provider has heard of and nobody waits for. Should the
// charge turn up after all, ApplyCharge gives the money back.
func (s *Service) giveUp(ctx context.Context, id, why string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		p, err := Lock(ctx, tx, id)
		if err != nil || p.Status != Pending {
			return err
		}
		return s.markFailed(ctx, tx, &p, why)
	})
}
