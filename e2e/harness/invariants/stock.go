package invariants

import (
	"context"
	"slices"
)

func stockRules() []rule {
	return []rule{
		query("stock is never negative and never oversold", "catalog",
			`SELECT product_id FROM catalog_stock WHERE on_hand < 0 OR held < 0 OR sold < 0 OR held + sold > on_hand`),
		query("on_hand is what was received and corrected", "catalog",
			`SELECT product_id FROM catalog_stock s WHERE on_hand <> (SELECT COALESCE(SUM(m.delta), 0) FROM catalog_movements m
				WHERE m.product_id = s.product_id AND m.kind IN ('received', 'corrected'))`),
		query("sold is what was sold less what came back", "catalog",
			`SELECT product_id FROM catalog_stock s WHERE sold <> -(SELECT COALESCE(SUM(m.delta), 0) FROM catalog_movements m
				WHERE m.product_id = s.product_id AND m.kind IN ('sold', 'returned'))`),
		query("held is what the open holds hold", "catalog",
			`SELECT product_id FROM catalog_stock s WHERE held <> (SELECT COALESCE(SUM(l.quantity), 0) FROM catalog_hold_lines l
				JOIN catalog_holds h ON h.order_id = l.order_id WHERE h.state = 'held' AND l.product_id = s.product_id)`),
		query("held_guests is what the open holds of guests hold", "catalog",
			`SELECT product_id FROM catalog_stock s WHERE held_guests <> (SELECT COALESCE(SUM(l.quantity), 0) FROM catalog_hold_lines l
				JOIN catalog_holds h ON h.order_id = l.order_id WHERE h.state = 'held' AND l.guest = 1 AND l.product_id = s.product_id)`),
		query("sold is what the sold holds took", "catalog",
			`SELECT product_id FROM catalog_stock s WHERE sold <> (SELECT COALESCE(SUM(l.quantity), 0) FROM catalog_hold_lines l
				JOIN catalog_holds h ON h.order_id = l.order_id WHERE h.state = 'sold' AND l.product_id = s.product_id)`),
		{"a hold is where its order is", holdsFollowOrders},
	}
}

// holdOf says which states a hold may have for each status of its order.
var holdOf = map[string][]string{
	"paid":      {"sold"},
	"refunded":  {"sold"},
	"cancelled": {"cancelled", "released", "short"},
	"":          {"held", "released", "cancelled"}, // the order was never written: the hold lapses by itself
}

// holdsFollowOrders compares catalog's holds with orders' orders, and their quantities
// with the orders' lines.
func holdsFollowOrders(ctx context.Context, c *checker) ([]string, error) {
	orders, err := c.table(ctx, "orders", 2, `SELECT id, status FROM orders_orders`)
	if err != nil {
		return nil, err
	}
	holds, err := c.table(ctx, "catalog", 2, `SELECT order_id, state FROM catalog_holds`)
	if err != nil {
		return nil, err
	}
	var out []string
	for id, hold := range holds {
		status := ""
		if o, ok := orders[id]; ok {
			status = o[0]
		}
		if !slices.Contains(holdOf[status], hold[0]) {
			out = append(out, list(id, "is", status, "but its hold is", hold[0]))
		}
	}
	for id, o := range orders {
		if _, ok := holds[id]; !ok {
			out = append(out, list(id, "is", o[0], "and never had a hold"))
		}
	}
	wrong, err := c.sameRows(ctx,
		part{"orders", `SELECT order_id, product_id, SUM(quantity) FROM orders_lines GROUP BY order_id, product_id`},
		part{"catalog", `SELECT order_id, product_id, quantity FROM catalog_hold_lines`})
	return append(out, wrong...), err
}

// part is a statement over one module that selects an order, a product and a quantity.
type part struct{ module, statement string }

// sameRows tells where the first part's rows are not the second's, for keys that both
// have.
func (c *checker) sameRows(ctx context.Context, a, b part) ([]string, error) {
	quantities := map[string]string{}
	rows, err := c.rows(ctx, b.module, 3, b.statement)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		quantities[r[0]+" "+r[1]] = r[2]
	}
	rows, err = c.rows(ctx, a.module, 3, a.statement)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		if got := quantities[r[0]+" "+r[1]]; got != r[2] {
			out = append(out, list(r[0], r[1], a.module, "has", r[2], b.module, "has", got))
		}
	}
	return out, nil
}
