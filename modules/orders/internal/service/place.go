package service

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"app/modules/orders/internal/reason"
	"app/modules/orders/internal/store"
	"app/modules/orders/ordersevents"
	"app/platform/callctx"
	"app/platform/database"
	"app/platform/events"
	"app/platform/ids"
	"app/platform/money/moneyv1"
)

// placeOrder makes the order out of the cart in one write: the cart is ordered, the
// order with its lines and its first entry exists, and Placed is told. placed is false
// when the order is an earlier one of the same checkout.
func (s *Service) placeOrder(ctx context.Context, v Visitor, in Checkout, cart store.Cart, h held) (order store.Order, placed bool, err error) {
	order = s.newOrder(in, cart, h)
	order.Locale = callctx.ClientOf(ctx).Locale()
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		ordered := cart
		ordered.State, ordered.UpdatedAt = store.CartOrdered, order.CreatedAt
		if err := store.UpdateCart(ctx, tx, ordered, cart.OrderID); err != nil {
			return err
		}
		if err := store.InsertOrder(ctx, tx, order); err != nil {
			return err
		}
		if err := store.InsertEntry(ctx, tx, order.ID, order.Timeline[0]); err != nil {
			return err
		}
		return events.Emit(ctx, tx, keyOf(order), &ordersevents.Placed{Order: orderEventPayload(order)})
	})
	if errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrDuplicate) {
		order, err = s.resolveLostCheckout(ctx, v, in, cart)
		return order, false, err
	}
	return order, err == nil, err
}

func (s *Service) newOrder(in Checkout, cart store.Cart, h held) store.Order {
	now := s.Now()
	return store.Order{
		ID: cart.OrderID, CartID: cart.ID, BuyerID: cart.BuyerID, TokenHash: cart.TokenHash, Email: in.Email,
		Status: store.PendingPayment, Total: h.total, Lines: h.lines, CheckoutKey: in.keyOf(),
		PaymentID: ids.Derive("pay", now, cart.OrderID), PaymentMethod: in.Method, PaymentStatus: store.PaymentPending,
		ExpiresAt: s.orderExpiry(now, h.expires), DueAt: now.Add(s.Options.StartGrace),
		Version: 1, CreatedAt: now, UpdatedAt: now,
		Timeline: []store.Entry{{Version: 1, At: now, Event: "placed", Detail: h.total.String()}},
	}
}

// orderExpiry is when an unpaid order is given up: somewhat before its hold lapses.
func (s *Service) orderExpiry(now, lapses time.Time) time.Time {
	return lapses.Add(-min(s.Options.ExpiryMargin, lapses.Sub(now)/10))
}

// resolveLostCheckout decides what a checkout answers whose cart was no longer what it
// had held for.
func (s *Service) resolveLostCheckout(ctx context.Context, v Visitor, in Checkout, held store.Cart) (order store.Order, err error) {
	var orphan bool
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		order, err = store.OrderByKey(ctx, q, in.keyOf())
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		cart, err := cartOf(ctx, q, v, held.ID, store.CartByID)
		if err != nil {
			return err
		}
		if orphan, err = isHoldOrphaned(ctx, q, cart, held.OrderID); err != nil {
			return err
		}
		if cart.State == store.CartOrdered {
			return alreadyOrdered(cart.OrderID)
		}
		return reason.CartChanged.New()
	})
	if orphan {
		s.releaseStock(ctx, held.OrderID)
	}
	return order, err
}

// isHoldOrphaned reports whether the hold under an order id serves nobody. Checkouts of
// one version of a cart share the id, so it does not while the cart has the id, or when
// one of them made the order.
func isHoldOrphaned(ctx context.Context, q *database.Tx, cart store.Cart, orderID string) (bool, error) {
	if cart.OrderID == orderID {
		return false, nil
	}
	_, err := store.OrderByID(ctx, q, orderID)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return false, err
}

func keyOf(o store.Order) events.Key {
	return events.Key{Aggregate: "order", ID: o.ID, Version: o.Version}
}

// orderEventPayload is the order as events carry it.
func orderEventPayload(o store.Order) *ordersevents.Order {
	out := &ordersevents.Order{
		Id: o.ID, BuyerId: o.BuyerID, Email: o.Email, Total: moneyv1.Of(o.Total), PaymentId: o.PaymentID, Locale: o.Locale,
		PlacedAt: timestamppb.New(o.CreatedAt), Lines: make([]*ordersevents.Line, len(o.Lines)),
	}
	for i, l := range o.Lines {
		out.Lines[i] = &ordersevents.Line{
			ProductId: l.ProductID, MerchantId: l.MerchantID, Title: l.Title, Sku: l.SKU,
			Quantity: l.Quantity, Price: moneyv1.Of(l.Price), Total: moneyv1.Of(l.Total),
		}
	}
	return out
}
