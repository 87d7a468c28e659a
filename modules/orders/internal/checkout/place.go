package checkout

import (
	"context"
	"errors"
	"time"

	"app/modules/orders/internal/caller"
	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/order"
	"app/modules/orders/internal/reason"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/idempotency"
	"app/platform/ids"
)

// placeOrder makes the order out of the cart in one write: the cart is ordered, the
// order with its lines and its first entry exists, and Placed is emitted. placed is
// false when the order is an earlier one of the same checkout. A run of the request that
// was given up for lost makes no order: the run that took its place has answered, or
// will.
func (s *Service) placeOrder(ctx context.Context, c caller.Caller, in Request, ready cart.Cart, h held) (
	o order.Order, placed bool, err error,
) {
	o = s.newOrder(in, ready, h)
	o.Locale = callctx.ClientOf(ctx).Locale()
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := idempotency.RequireClaim(ctx, tx); err != nil {
			return err
		}
		ordered := ready
		ordered.State, ordered.UpdatedAt = cart.Ordered, o.CreatedAt
		if err := cart.Update(ctx, tx, ordered, ready.OrderID); err != nil {
			return err
		}
		return order.Place(ctx, tx, o)
	})
	if errors.Is(err, database.ErrChanged) || errors.Is(err, database.ErrDuplicate) {
		o, err = s.resolveLostCheckout(ctx, c, in, ready)
		return o, false, err
	}
	return o, err == nil, err
}

func (s *Service) newOrder(in Request, ready cart.Cart, h held) order.Order {
	now := s.Now()
	return order.Order{
		ID: ready.OrderID, CartID: ready.ID, BuyerID: ready.BuyerID, TokenHash: ready.TokenHash, Email: in.Email,
		Status: order.PendingPayment, Total: h.total, Lines: h.lines, CheckoutKey: in.checkoutKey(),
		PaymentID: ids.Derive("pay", now, ready.OrderID), PaymentMethod: in.Method, PaymentStatus: order.PaymentPending,
		ExpiresAt: s.orderExpiry(now, h.expires), DueAt: now.Add(s.Options.StartGrace),
		Version: 1, CreatedAt: now, UpdatedAt: now,
		Timeline: []order.Entry{{Version: 1, At: now, Event: order.EventPlaced, Amount: h.total.Amount}},
	}
}

// orderExpiry is when an unpaid order is given up: somewhat before its hold lapses.
func (s *Service) orderExpiry(now, lapses time.Time) time.Time {
	return lapses.Add(-min(s.Options.ExpiryMargin, lapses.Sub(now)/10))
}

// resolveLostCheckout decides what a checkout answers whose cart was no longer what it
// had held for.
func (s *Service) resolveLostCheckout(ctx context.Context, c caller.Caller, in Request, lost cart.Cart) (o order.Order, err error) {
	var orphan bool
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) (err error) {
		o, err = order.ByCheckoutKey(ctx, q, in.checkoutKey())
		if !errors.Is(err, database.ErrNotFound) {
			return err
		}
		now, err := cart.Find(ctx, q, c, lost.ID)
		if err != nil {
			return err
		}
		if orphan, err = isHoldOrphaned(ctx, q, now, lost.OrderID); err != nil {
			return err
		}
		if err := now.CheckOpen(); err != nil {
			return err
		}
		return reason.CartChanged.New()
	})
	if orphan {
		s.releaseStock(ctx, lost.OrderID)
	}
	return o, err
}

// isHoldOrphaned reports whether the hold under an order id serves nobody. Checkouts of
// one version of a cart share the id, so it does not while the cart has the id, or when
// one of them made the order.
func isHoldOrphaned(ctx context.Context, q *database.Tx, now cart.Cart, orderID string) (bool, error) {
	if now.OrderID == orderID {
		return false, nil
	}
	_, err := order.ByID(ctx, q, orderID)
	if errors.Is(err, database.ErrNotFound) {
		return true, nil
	}
	return false, err
}
