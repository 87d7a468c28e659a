package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/internal/store"
	"app/modules/orders/ordersevents"
	"app/platform/database"
	"app/platform/events"
	"app/platform/ids"
)

// Paid hears that an order is paid for: what was held is sold. If the hold has lapsed
// the units are taken again; if any of them is gone by now none is taken, and
// StockShort tells so, once. An order that was cancelled stays as it is.
func (s *Service) Paid(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Paid]) error {
	order := e.Body.GetOrder()
	sale := sale{s, tx, order.GetId(), e.OccurredAt}
	for range tries {
		if done, err := sale.sellHold(ctx); done || err != nil {
			return err
		}
		// A payment must not get lost because its hold was.
		err := s.insertHoldFromOrder(ctx, tx, order)
		if errors.Is(err, store.ErrDuplicate) {
			var final bool
			if final, err = sale.isHoldInState(ctx, store.Sold, store.Short, store.Cancelled); final {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return errRace("hold")
}

// sale is the payment of one order at work.
type sale struct {
	*Service
	tx      *database.Tx
	orderID string
	at      time.Time
}

// isHoldInState reports whether the order's hold is in one of the states. What it is
// not may change at any moment.
func (s sale) isHoldInState(ctx context.Context, states ...store.State) (bool, error) {
	hold, err := store.HoldOf(ctx, s.tx, s.orderID)
	return slices.Contains(states, hold.State), err
}

// sellHold sells a hold that is held or was released; false when it is neither.
func (s sale) sellHold(ctx context.Context) (done bool, err error) {
	if done, err = store.MoveHold(ctx, s.tx, s.orderID, store.Held, store.Sold); err != nil {
		return false, err
	}
	held := done
	if !held {
		if done, err = store.MoveHold(ctx, s.tx, s.orderID, store.Released, store.Sold); err != nil || !done {
			return false, err
		}
	}
	lines, err := store.LinesOf(ctx, s.tx, s.orderID)
	switch {
	case err != nil:
		return false, err
	case held:
		return true, s.moveHeldToSold(ctx, lines)
	}
	return true, s.sellReleasedUnits(ctx, lines)
}

func (s sale) moveHeldToSold(ctx context.Context, lines []store.Line) error {
	for _, l := range lines {
		if err := (store.Shift{ProductID: l.ProductID, Held: -l.Quantity, Sold: l.Quantity, Guests: -guestUnits(l)}).MustApply(ctx, s.tx); err != nil {
			return err
		}
	}
	return s.recordMovements(ctx, lines, store.KindSold)
}

// sellReleasedUnits sells units that are not held any more: all of them or none.
func (s sale) sellReleasedUnits(ctx context.Context, lines []store.Line) error {
	for i, l := range lines {
		ok, err := store.Shift{ProductID: l.ProductID, Sold: l.Quantity}.Apply(ctx, s.tx)
		if err != nil {
			return err
		}
		if !ok {
			return s.markShort(ctx, lines[:i])
		}
	}
	if err := s.recordMovements(ctx, lines, store.KindSold); err != nil {
		return err
	}
	products, err := store.ProductsByID(ctx, s.tx, productIDs(lines))
	if err != nil {
		return err
	}
	return s.tellLow(ctx, s.tx, lines, products)
}

// markShort gives back what was taken before one product was found short, and tells.
func (s sale) markShort(ctx context.Context, taken []store.Line) error {
	for _, l := range taken {
		if err := (store.Shift{ProductID: l.ProductID, Sold: -l.Quantity}).MustApply(ctx, s.tx); err != nil {
			return err
		}
	}
	if _, err := store.MoveHold(ctx, s.tx, s.orderID, store.Sold, store.Short); err != nil {
		return err
	}
	s.logger.WarnContext(ctx, "paid order is short of stock", "order", s.orderID)
	key := events.Key{Aggregate: "hold", ID: s.orderID, Version: 1}
	return events.Emit(ctx, s.tx, key, &catalogevents.StockShort{OrderId: s.orderID})
}

// recordMovements writes the journal. The ids follow from the event, so no entry can be
// written twice.
func (s sale) recordMovements(ctx context.Context, lines []store.Line, kind store.Kind) error {
	for _, l := range lines {
		m := store.Movement{
			ID: ids.Derive("mov", s.at, s.orderID, l.ProductID, string(kind)), ProductID: l.ProductID, Kind: kind,
			Delta: l.Quantity, Actor: "orders", OrderID: s.orderID, CreatedAt: s.now(),
		}
		if kind == store.KindSold {
			m.Delta = -l.Quantity
		}
		if err := store.InsertMovement(ctx, s.tx, m); err != nil {
			return fmt.Errorf("insert movement: %w", err)
		}
	}
	return nil
}

// insertHoldFromOrder makes a released hold of an order that never had one, out of what
// the order says. store.ErrDuplicate: it has one.
func (s *Service) insertHoldFromOrder(ctx context.Context, tx *database.Tx, order *ordersevents.Order) error {
	now := s.now()
	err := store.InsertHold(ctx, tx, store.Hold{OrderID: order.GetId(), State: store.Released, ExpiresAt: now, CreatedAt: now})
	if err != nil {
		return err
	}
	sums := map[string]store.Line{}
	for _, l := range order.GetLines() {
		sum := sums[l.GetProductId()]
		sums[l.GetProductId()] = store.Line{ProductID: l.GetProductId(), Quantity: sum.Quantity + l.GetQuantity(), Price: l.GetPrice().Value()}
	}
	lines := make([]store.Line, 0, len(sums))
	for _, l := range sums {
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b store.Line) int { return cmp.Compare(a.ProductID, b.ProductID) })
	return store.InsertLines(ctx, tx, order.GetId(), lines)
}

func productIDs(lines []store.Line) []string { return wanted{lines: lines}.lineProductIDs() }
