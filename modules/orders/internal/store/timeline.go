package store

import (
	"context"
	"fmt"
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
	_, err := tx.Exec(ctx, `INSERT INTO orders_timeline (order_id, version, at, event, detail, merchant_id, amount) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		orderID, e.Version, database.Micros(e.At), e.Event, e.Detail, e.MerchantID, e.Amount)
	return database.Inserted("timeline entry", err)
}

func orderTimeline(ctx context.Context, tx *database.Tx, orderID string) ([]Entry, error) {
	rows, err := tx.Query(ctx, `SELECT version, at, event, detail, merchant_id, amount FROM orders_timeline WHERE order_id = ? ORDER BY version`, orderID)
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var entries []Entry
	for rows.Next() {
		var e Entry
		var at int64
		if err := rows.Scan(&e.Version, &at, &e.Event, &e.Detail, &e.MerchantID, &e.Amount); err != nil {
			return nil, fmt.Errorf("read timeline entry: %w", err)
		}
		e.At = database.Time(at)
		entries = append(entries, e)
	}
	return entries, rows.Err()
}
