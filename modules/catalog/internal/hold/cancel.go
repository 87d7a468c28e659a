package hold

import (
	"context"

	"app/modules/catalog/internal/stock"
)

// cancelHold gives back what is held or sold; false when the order has no hold that
// could be cancelled.
func (t transition) cancelHold(ctx context.Context) (bool, error) {
	if freed, err := releaseHeldUnits(ctx, t.tx, t.orderID, Cancelled); freed || err != nil {
		return freed, err
	}
	if returned, err := t.returnSoldUnits(ctx); returned || err != nil {
		return returned, err
	}
	for _, from := range []State{Released, Short} {
		if moved, err := moveHold(ctx, t.tx, t.orderID, from, Cancelled); moved || err != nil {
			return moved, err
		}
	}
	return false, nil
}

// returnSoldUnits returns what was sold; false when nothing was.
func (t transition) returnSoldUnits(ctx context.Context) (bool, error) {
	moved, err := moveHold(ctx, t.tx, t.orderID, Sold, Cancelled)
	if err != nil || !moved {
		return false, err
	}
	lines, err := linesOf(ctx, t.tx, t.orderID)
	if err != nil {
		return false, err
	}
	for _, l := range lines {
		if err := (stock.Shift{ProductID: l.ProductID, Sold: -l.Quantity}).MustApply(ctx, t.tx); err != nil {
			return false, err
		}
	}
	return true, t.recordMovements(ctx, lines, stock.KindReturned)
}
