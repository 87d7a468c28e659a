package store

import (
	"context"
	"time"

	"app/platform/database"
)

// Entry is one thing that happened to an order.
type Entry struct {
	Version int64 // of the order after it
	At      time.Time
	Event   string
	Detail  string
	// MerchantID is from whose part a refund was, empty for what concerns the whole
	// order.
	MerchantID string
	// Amount is what a refund gave back, in minor units; 0 for other entries, and for
	// refunds that an earlier release noted.
	Amount int64
}

// InsertEntry adds to the timeline. ErrDuplicate when the order has an entry with this
// version.
func InsertEntry(ctx context.Context, tx *database.Tx, orderID string, e Entry) error {
	return entryModel.Insert(ctx, tx, "timeline entry", rowOfEntry(orderID, e))
}
