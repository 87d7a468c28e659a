package service

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"app/modules/payments/internal/provider"
	"app/modules/payments/internal/store"
	"app/platform/database"
)

const (
	batch    = 100 // rows a worker takes at a time
	parallel = 8   // of them at the same time
)

// forEachDue runs the work for all that is due, several at a time; more tells that
// there may be others. Errors of the work are its own to log.
func (s *Service) forEachDue(ctx context.Context, list func(context.Context, *database.Tx) ([]store.Due, error), work func(store.Due)) (more bool, err error) {
	var due []store.Due
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		due, err = list(ctx, q)
		return err
	})
	if err != nil {
		return false, err
	}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, d := range due {
		group.Go(func() error { work(d); return nil })
	}
	return len(due) == batch, group.Wait() //nolint:wrapcheck // always nil
}

// Reconcile finds out what became of charges whose answer was lost or is overdue: it
// asks the provider, and asks for the money again, under the same key, only when the
// provider never heard of it. Processes may run it at the same time.
func (s *Service) Reconcile(ctx context.Context) (more bool, err error) {
	return s.forEachDue(ctx, func(ctx context.Context, q *database.Tx) ([]store.Due, error) {
		return store.DuePayments(ctx, q, s.Now(), s.longestWait(), batch)
	}, func(d store.Due) {
		if err := s.findOut(ctx, d); err != nil {
			s.Logger.WarnContext(ctx, "payment is still unclear and will be looked at again", slog.String("payment", d.ID), slog.Any("error", err))
		}
	})
}

func (s *Service) findOut(ctx context.Context, d store.Due) error {
	p, claimed, err := s.claimPayment(ctx, d)
	if err != nil || !claimed {
		return err
	}
	port, err := s.providerOf(p)
	if err != nil {
		return err
	}
	asked, cancel := context.WithTimeout(ctx, s.Options.Timeout)
	defer cancel()
	c, err := port.Lookup(asked, p.ID)
	if err != nil {
		return err //nolint:wrapcheck // logged by the caller
	}
	switch {
	case c.Status != provider.Unknown:
		_, err = s.recordCharge(ctx, p, c)
	case !p.CancelledAt.IsZero():
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
func (s *Service) claimPayment(ctx context.Context, d store.Due) (p store.Payment, claimed bool, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if p, err = store.LockPayment(ctx, tx, d.ID); err != nil {
			return err
		}
		next := s.Now().Add(2*s.Options.Timeout + backoffDelay(s.Options.Retry, p.Tries))
		claimed, err = store.ClaimPayment(ctx, tx, d, next)
		p.Tries++
		return err
	})
	return p, claimed, err
}

// giveUp fails a payment that no provider has heard of and nobody waits for. Should the
// charge turn up after all, settle gives the money back.
func (s *Service) giveUp(ctx context.Context, id, reason string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		p, err := store.LockPayment(ctx, tx, id)
		if err != nil || p.Status != store.Pending {
			return err
		}
		return s.markFailed(ctx, tx, &p, reason)
	})
}

// retryTime is when to try again what has been tried so often.
func (s *Service) retryTime(tries int64) time.Time {
	return s.Now().Add(backoffDelay(s.Options.Retry, tries))
}
