package service

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"app/modules/orders/internal/store"
	"app/modules/orders/ordersevents"
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
// tells that there may be others due now; the error is that of listing them.
func (s *Service) Reconcile(ctx context.Context) (more bool, err error) {
	var due []store.Due
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		due, err = store.DueOrders(ctx, q, s.Now(), max(slowestAsk, s.Options.StartGrace), reconcileBatch)
		return err
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
	return len(due) == reconcileBatch, group.Wait() //nolint:wrapcheck // always nil
}

// reconcileOrder does what is due for one order: it gives it up or asks payments again.
func (s *Service) reconcileOrder(ctx context.Context, d store.Due) error {
	var order store.Order
	var ask bool
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) (err error) {
		ask = false
		if order, err = store.LockOrder(ctx, tx, d.ID); err != nil {
			return err
		}
		switch {
		case order.Status != store.PendingPayment:
			return nil
		case s.isOrderExpired(order):
			return s.cancelOrder(ctx, tx, &order, order.PaymentStatus, ordersevents.CancelReason_CANCEL_REASON_PAYMENT_TIMEOUT)
		}
		ask, err = store.Claim(ctx, tx, d, s.nextAsk(order))
		return err
	})
	if err != nil || !ask {
		return err
	}
	_, err = s.requestPayment(ctx, order)
	return err
}

// putOff keeps an order that cannot be settled from standing in the way of others.
func (s *Service) putOff(ctx context.Context, d store.Due) {
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := store.Claim(ctx, tx, d, s.Now().Add(slowestAsk))
		return err
	})
	if err != nil {
		s.Logger.WarnContext(ctx, "order could not be put off", slog.String("order", d.ID), slog.Any("error", err))
	}
}

// nextAsk doubles the age of an order at each attempt, up to a limit, and never passes
// its expiry.
func (s *Service) nextAsk(o store.Order) time.Time {
	now := s.Now()
	wait := min(max(now.Sub(o.CreatedAt), s.Options.StartGrace), slowestAsk)
	if next := now.Add(wait); next.Before(o.ExpiresAt) {
		return next
	}
	return o.ExpiresAt
}
