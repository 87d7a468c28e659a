package checkout

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"app/modules/orders/internal/order"
	"app/platform/database"
)

const (
	reconcileBatch    = 100
	reconcileParallel = 8
	slowestAsk        = 5 * time.Minute
)

// Reconcile looks at the orders that were left in the middle: those whose payment was
// never confirmed to have begun are asked for again, those whose time is over are
// cancelled. Processes may run it at the same time; each order is claimed first. more
// reports that there may be others due now; the error is that of listing them.
func (s *Service) Reconcile(ctx context.Context) (more bool, err error) {
	due, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) ([]order.Due, error) {
		return order.ListDue(ctx, q, s.Now(), max(slowestAsk, s.Options.StartGrace), reconcileBatch)
	})
	if err != nil {
		return false, err
	}
	var group errgroup.Group
	group.SetLimit(reconcileParallel)
	for _, d := range due {
		group.Go(func() error {
			if err := s.reconcileOrder(ctx, d); err != nil {
				s.Logger.WarnContext(ctx, "order could not be settled and will be looked at again", slog.String("order", d.ID), slog.Any("error", err))
				s.putOff(ctx, d)
			}
			return nil
		})
	}
	return len(due) == reconcileBatch, group.Wait()
}

// reconcileOrder does what is due for one order: it gives it up or asks payments again.
func (s *Service) reconcileOrder(ctx context.Context, d order.Due) error {
	var o order.Order
	var ask bool
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		ask = false
		if o, err = order.Lock(ctx, tx, d.ID); err != nil {
			return err
		}
		switch {
		case o.Status != order.PendingPayment:
			return nil
		case o.IsExpired(s.Now()):
			return s.Orders.CancelLocked(ctx, tx, &o, o.PaymentStatus, order.CancelledPaymentLate)
		}
		ask, err = order.Claim(ctx, tx, d, s.nextAsk(o))
		return err
	})
	if err != nil || !ask {
		return err
	}
	_, err = s.requestPayment(ctx, o)
	return err
}

// putOff keeps an order that cannot be settled from standing in the way of others.
func (s *Service) putOff(ctx context.Context, d order.Due) {
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := order.Claim(ctx, tx, d, s.Now().Add(slowestAsk))
		return err
	})
	if err != nil {
		s.Logger.WarnContext(ctx, "order could not be put off", slog.String("order", d.ID), slog.Any("error", err))
	}
}

// nextAsk doubles the age of an order at each attempt, up to a limit, and never passes
// its expiry.
func (s *Service) nextAsk(o order.Order) time.Time {
	now := s.Now()
	wait := min(max(now.Sub(o.CreatedAt), s.Options.StartGrace), slowestAsk)
	if next := now.Add(wait); next.Before(o.ExpiresAt) {
		return next
	}
	return o.ExpiresAt
}
