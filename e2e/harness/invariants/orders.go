package invariants

import (
	"context"
	"fmt"
	"strings"
	"time"
)

func orderRules() []rule {
	return []rule{
		{"an acknowledged order exists exactly once", acknowledgedOrders},
		query("an order's idempotency key made one order", "orders",
			`SELECT checkout_key FROM orders_orders GROUP BY checkout_key HAVING COUNT(*) > 1`),
		query("a cart has one order that is not cancelled", "orders",
			`SELECT cart_id FROM orders_orders WHERE status <> 'cancelled' GROUP BY cart_id HAVING COUNT(*) > 1`),
		query("an order is its lines' total", "orders",
			`SELECT id FROM orders_orders o WHERE total <> (SELECT COALESCE(SUM(l.total), 0) FROM orders_lines l WHERE l.order_id = o.id)`),
		query("an order's merchants sum to its total", "orders",
			`SELECT id FROM orders_orders o WHERE total <> (SELECT COALESCE(SUM(m.total), 0) FROM orders_order_merchants m WHERE m.order_id = o.id)`),
		query("an order's timeline has one entry for each version", "orders",
			`SELECT id FROM orders_orders o WHERE version <> (SELECT COUNT(*) FROM orders_timeline t WHERE t.order_id = o.id)
				OR version <> (SELECT MAX(t.version) FROM orders_timeline t WHERE t.order_id = o.id)`),
		query("no order is paid after it was cancelled, and none is cancelled twice", "orders",
			`SELECT t.order_id FROM orders_timeline t JOIN orders_timeline c ON c.order_id = t.order_id AND c.version < t.version
				WHERE c.event = 'cancelled' AND t.event IN ('paid', 'cancelled')`),
		query("no order is paid twice", "orders",
			`SELECT order_id FROM orders_timeline WHERE event = 'paid' GROUP BY order_id HAVING COUNT(*) > 1`),
		query("no order is left pending", "orders", `SELECT id FROM orders_orders WHERE status = 'pending_payment'`),
		{"no request is left in flight", requestsInFlight},
	}
}

// acknowledgedOrders compares what clients were told with what is there.
func acknowledgedOrders(ctx context.Context, c *checker) ([]string, error) {
	there, err := c.table(ctx, "orders", 2, `SELECT id, status FROM orders_orders`)
	if err != nil {
		return nil, err
	}
	var out []string
	byKey := map[string]string{}
	for _, a := range c.acknowledged {
		if _, ok := there[a.OrderID]; !ok {
			out = append(out, a.OrderID+" was acknowledged and is not there")
		}
		if other, ok := byKey[a.Key]; ok && other != a.OrderID {
			out = append(out, fmt.Sprintf("key %s was answered with %s and with %s", a.Key, other, a.OrderID))
		}
		byKey[a.Key] = a.OrderID
	}
	return out, nil
}

// requestsInFlight looks for idempotency keys whose request is still running. One whose
// lease is over was answered, or its process died, before the answer could be stored:
// whoever repeats it runs it again, to the same effect.
func requestsInFlight(ctx context.Context, c *checker) ([]string, error) {
	return c.everywhere(ctx, fmt.Sprintf(`SELECT id FROM http_idempotency WHERE state = 0 AND lease_until > %d`, time.Now().UnixMicro()))
}

// list joins texts for a violation's detail.
func list(texts ...string) string { return strings.Join(texts, " ") }
