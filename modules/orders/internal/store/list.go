package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"app/platform/database"
	"app/platform/money"
)

// Filter says whose orders to list, newest first. Exactly one of BuyerID and MerchantID is set.
type Filter struct {
	BuyerID    string
	MerchantID string
	// BeforeAt and BeforeID are the sort key of the last order already seen, empty at the first page.
	BeforeAt time.Time
	BeforeID string
	Limit    int
}

const (
	byBuyer = `SELECT ` + orderColumns + ` FROM orders_orders o
		WHERE o.buyer_id = ? AND (o.created_at < ? OR (o.created_at = ? AND o.id < ?))
		ORDER BY o.created_at DESC, o.id DESC LIMIT `
	byMerchant = `SELECT ` + orderColumns + ` FROM orders_order_merchants m JOIN orders_orders o ON o.id = m.order_id
		WHERE m.merchant_id = ? AND (m.created_at < ? OR (m.created_at = ? AND m.order_id < ?))
		ORDER BY m.created_at DESC, m.order_id DESC LIMIT `
)

// Orders lists orders with their lines, without their timelines.
func Orders(ctx context.Context, tx *database.Tx, f Filter) ([]Order, error) {
	query, whose := byBuyer, f.BuyerID
	if f.MerchantID != "" {
		query, whose = byMerchant, f.MerchantID
	}
	at, id := int64(1)<<62, ""
	if f.BeforeID != "" {
		at, id = database.Micros(f.BeforeAt), f.BeforeID
	}
	// A number in the text: SQLite prepares a statement again whenever an argument of LIMIT is bound.
	rows, err := tx.Query(ctx, query+strconv.Itoa(f.Limit), whose, at, at, id)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var orders []Order
	for rows.Next() {
		o, err := scanOrder(rows)
		if err != nil {
			return nil, fmt.Errorf("list orders: %w", err)
		}
		orders = append(orders, o)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return orders, addLines(ctx, tx, orders)
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
	rows, err := tx.Bun().NewSelect().TableExpr("orders_lines").
		Column("order_id", "product_id", "merchant_id", "title", "sku", "quantity", "price", "total").
		Where("order_id IN ?", bun.Tuple(ids)).OrderExpr("order_id, line_no").Rows(ctx)
	if err != nil {
		return fmt.Errorf("list order lines: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var l Line
		if err := rows.Scan(&id, &l.ProductID, &l.MerchantID, &l.Title, &l.SKU, &l.Quantity, &l.Price.Amount, &l.Total.Amount); err != nil {
			return fmt.Errorf("list order lines: %w", err)
		}
		o := &orders[at[id]]
		l.Price, l.Total = inCurrency(l.Price, o.Total.Currency), inCurrency(l.Total, o.Total.Currency)
		o.Lines = append(o.Lines, l)
	}
	return rows.Err()
}

func inCurrency(m money.Money, currency string) money.Money {
	m.Currency = currency
	return m
}
