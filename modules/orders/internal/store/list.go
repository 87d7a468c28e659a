package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
)

// Filter says whose orders to list, newest first. Exactly one of BuyerID and MerchantID
// is set.
type Filter struct {
	BuyerID    string
	MerchantID string
	// BeforeAt and BeforeID are the sort key of the last order already seen, empty at
	// the first page.
	BeforeAt time.Time
	BeforeID string
	Limit    int
}

// Orders lists orders with their lines, without their timelines.
func Orders(ctx context.Context, tx *database.Tx, f Filter) ([]Order, error) {
	query, args := f.listQuery(tx.Engine())
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var orders []Order
	var row orderRow
	var refunded int64
	fields := append(orderModel.Fields(&row), &refunded)
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return nil, fmt.Errorf("list orders: %w", err)
		}
		o := orderOfRow(row)
		o.Refunded = refunded
		orders = append(orders, o)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return orders, addLines(ctx, tx, orders)
}

// listQuery is a statement that begins to read where the page begins, however far down
// the list that is. For that SQLite wants to be told that the time is at most that of
// the last order seen, which the second condition implies, and MariaDB that nothing is
// equal to anything: else it looks an index up by the columns that are, and walks from
// there.
func (f Filter) listQuery(on database.Engine) (string, []any) {
	from, owner, place, whose := `, 0 FROM orders_orders o`, `o.buyer_id`, [2]string{`o.created_at`, `o.id`}, f.BuyerID
	if f.MerchantID != "" {
		from, whose = `, m.refunded FROM orders_order_merchants m JOIN orders_orders o ON o.id = m.order_id`, f.MerchantID
		owner, place = `m.merchant_id`, [2]string{`m.created_at`, `m.order_id`}
	}
	is, args := owner+` = ?`, []any{whose}
	if on == database.MySQL {
		is, args = owner+` <= ? AND `+owner+` >= ?`, []any{whose, whose}
	}
	at, id := int64(1)<<62, ""
	if f.BeforeID != "" {
		at, id = database.Micros(f.BeforeAt), f.BeforeID
	}
	query := `SELECT ` + orderModel.Columns() + from + ` WHERE ` + is + ` AND ` + place[0] + ` <= ? AND (` + place[0] + ` < ? OR ` + place[1] + ` < ?)
		ORDER BY ` + owner + ` DESC, ` + place[0] + ` DESC, ` + place[1] + ` DESC LIMIT ` + strconv.Itoa(f.Limit)
	// A number in the text: SQLite prepares a statement again whenever an argument of
	// LIMIT is bound.
	return query, append(args, at, at, id)
}

// addLines reads the lines of all orders of a page at once.
func addLines(ctx context.Context, tx *database.Tx, orders []Order) error {
	if len(orders) == 0 {
		return nil
	}
	at, ids := map[string]int{}, make([]string, len(orders))
	for i, o := range orders {
		at[o.ID], ids[i] = i, o.ID
	}
	var rows []lineRow
	err := tx.Bun().NewSelect().Model(&rows).Where("l.order_id IN ?", bun.Tuple(ids)).OrderExpr("l.order_id, l.line_no").Scan(ctx)
	if err != nil {
		return fmt.Errorf("list order lines: %w", err)
	}
	for _, row := range rows {
		o := &orders[at[row.OrderID]]
		o.Lines = append(o.Lines, lineOfRow(row, o.Total.Currency))
	}
	return nil
}
