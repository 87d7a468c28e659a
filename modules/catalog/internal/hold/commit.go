package hold

import (
	"context"
	"fmt"

	"app/modules/catalog/catalogevents"
	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/stock"
	"app/modules/orders/ordersevents"
	"app/platform/events"
	"app/platform/ids"
)

// commitHold turns a hold that is held or was released into a sale; false when it is
// neither.
func (t transition) commitHold(ctx context.Context) (done bool, err error) {
	if done, err = moveHold(ctx, t.tx, t.orderID, Held, Sold); err != nil {
		return false, err
	}
	held := done
	if !held {
		if done, err = moveHold(ctx, t.tx, t.orderID, Released, Sold); err != nil || !done {
			return false, err
		}
	}
	lines, err := linesOf(ctx, t.tx, t.orderID)
	switch {
	case err != nil:
		return false, err
	case held:
		return true, t.commitUnits(ctx, lines)
	}
	return true, t.reallocateUnits(ctx, lines)
}

// commitUnits sells units that are held.
func (t transition) commitUnits(ctx context.Context, lines []Line) error {
	for _, l := range lines {
		shift := stock.Shift{ProductID: l.ProductID, Held: -l.Quantity, Sold: l.Quantity, Guests: -l.guestUnits()}
		if err := shift.MustApply(ctx, t.tx); err != nil {
			return err
		}
	}
	return t.recordMovements(ctx, lines, stock.KindSold)
}

// reallocateUnits sells units that are not held any more: all of them or none.
func (t transition) reallocateUnits(ctx context.Context, lines []Line) error {
	for i, l := range lines {
		ok, err := stock.Shift{ProductID: l.ProductID, Sold: l.Quantity}.Apply(ctx, t.tx)
		if err != nil {
			return err
		}
		if !ok {
			return t.markShort(ctx, lines[:i])
		}
	}
	if err := t.recordMovements(ctx, lines, stock.KindSold); err != nil {
		return err
	}
	products, err := product.ByIDs(ctx, t.tx, productIDs(lines))
	if err != nil {
		return err
	}
	return emitLow(ctx, t.tx, lines, products)
}

// markShort gives back what was taken before one product was found short, and emits
// StockShort.
func (t transition) markShort(ctx context.Context, taken []Line) error {
	for _, l := range taken {
		if err := (stock.Shift{ProductID: l.ProductID, Sold: -l.Quantity}).MustApply(ctx, t.tx); err != nil {
			return err
		}
	}
	if _, err := moveHold(ctx, t.tx, t.orderID, Sold, Short); err != nil {
		return err
	}
	t.Logger.WarnContext(ctx, "paid order is short of stock", "order", t.orderID)
	key := events.Key{Aggregate: "hold", ID: t.orderID, Version: 1}
	return events.Emit(ctx, t.tx, key, &catalogevents.StockShort{OrderId: t.orderID})
}

// recordMovements writes the journal. The ids follow from the event, so no entry can be
// written twice.
func (t transition) recordMovements(ctx context.Context, lines []Line, kind stock.Kind) error {
	for _, l := range lines {
		m := stock.Movement{
			ID: ids.Derive("mov", t.at, t.orderID, l.ProductID, string(kind)), ProductID: l.ProductID, Kind: kind,
			Delta: l.Quantity, Actor: "orders", OrderID: t.orderID, CreatedAt: t.Now(),
		}
		if kind == stock.KindSold {
			m.Delta = -l.Quantity
		}
		if err := stock.InsertMovement(ctx, t.tx, m); err != nil {
			return fmt.Errorf("record movement: %w", err)
		}
	}
	return nil
}

// insertHoldOf makes a released hold of an order that never had one, out of what the
// order says. The error is database.ErrDuplicate when it has one.
func (t transition) insertHoldOf(ctx context.Context, order *ordersevents.Order) error {
	if err := t.insertUnheld(ctx, Released); err != nil {
		return err
	}
	lines := make([]Line, len(order.GetLines()))
	for i, l := range order.GetLines() {
		lines[i] = Line{ProductID: l.GetProductId(), Quantity: l.GetQuantity(), Price: l.GetPrice().Value()}
	}
	return insertLines(ctx, t.tx, t.orderID, mergeLines(lines))
}
