package store

import (
	"context"

	"app/platform/database"
)

// Share is what guests together may hold of a product: Percent of the units that are
// not sold, and in any case Floor units. The zero value bounds nothing.
type Share struct{ Percent, Floor int64 }

// Left is how many more units guests may hold of the stock.
func (s Share) Left(of Stock) int64 {
	if s == (Share{}) {
		return of.Available()
	}
	most := max(s.Floor, (of.OnHand-of.Sold)*s.Percent/100)
	return max(0, min(of.Available(), most-min(of.HeldGuests, of.Held)))
}

const (
	// Guests hold no more than is held: a release that does not know held_guests may
	// have given units of theirs back.
	heldGuests = `CASE WHEN held_guests > held THEN held ELSE held_guests END`

	// held_guests comes first, because MySQL assigns from left to right.
	shiftGuests = `UPDATE catalog_stock SET held_guests = CASE WHEN ` + heldGuests + ` + ? < 0 THEN 0 ELSE ` + heldGuests + ` + ? END,
	held = held + ?, sold = sold + ?, version = version + 1 WHERE product_id = ? AND on_hand - held - sold >= ?`
	withinShare = ` AND (` + heldGuests + ` + ? <= ? OR (` + heldGuests + ` + ?) * 100 <= (on_hand - sold) * ?)`
)

// applyGuests is Apply for a shift that changes what guests hold.
func (s Shift) applyGuests(ctx context.Context, tx *database.Tx) (bool, error) {
	query, args := shiftGuests, []any{s.Guests, s.Guests, s.Held, s.Sold, s.ProductID, s.Held + s.Sold}
	if s.Share != (Share{}) {
		query, args = shiftGuests+withinShare, append(args, s.Guests, s.Share.Floor, s.Guests, s.Share.Percent)
	}
	return updateRow(ctx, tx, "stock", query, args...)
}
