package invariants

import "context"

func moneyRules() []rule {
	return []rule{
		query("no more is captured than asked, no more refunded than captured", "payments",
			`SELECT id FROM payments_payments WHERE captured > amount OR refunded + refunding > captured OR captured < 0 OR refunded < 0`),
		query("a payment's refunds are its refund rows", "payments",
			`SELECT id FROM payments_payments p WHERE refunded <> (SELECT COALESCE(SUM(r.amount), 0) FROM payments_refunds r
				WHERE r.payment_id = p.id AND r.state = 'done')`),
		query("no refund is left under way", "payments", `SELECT id FROM payments_refunds WHERE state NOT IN ('done', 'failed')`),
		query("no charge is left unsettled", "payments",
			`SELECT id FROM payments_payments WHERE status = 'pending' OR attempt IN ('sending', 'unknown')`),
		query("the shop's books are the provider's", "payments",
			`SELECT p.id FROM payments_payments p LEFT JOIN payments_test_charges c ON c.charge = p.id
				WHERE p.captured <> COALESCE(c.captured, 0) OR p.refunded <> COALESCE(c.refunded, 0)`),
		query("the provider captured nothing the shop does not know", "payments",
			`SELECT c.charge FROM payments_test_charges c LEFT JOIN payments_payments p ON p.id = c.charge WHERE p.id IS NULL AND c.captured > 0`),
		query("every webhook that was acknowledged was processed", "payments",
			`SELECT event_id FROM payments_webhooks WHERE due_at IS NOT NULL OR processed_at IS NULL`),
		{"captures are paid orders and refunds", capturesArePaidOrRefunded},
	}
}

// capturesArePaidOrRefunded compares each payment with its order: a paid order has its
// whole total captured, a cancelled or refunded one keeps nothing, and no money is kept
// without an order.
func capturesArePaidOrRefunded(ctx context.Context, c *checker) ([]string, error) {
	orders, err := c.table(ctx, "orders", 4, `SELECT id, status, total, payment_id FROM orders_orders`)
	if err != nil {
		return nil, err
	}
	payments, err := c.table(ctx, "payments", 4, `SELECT order_id, id, captured, captured - refunded FROM payments_payments`)
	if err != nil {
		return nil, err
	}
	var out []string
	for id, p := range payments {
		if _, ok := orders[id]; !ok && p[2] != "0" {
			out = append(out, list("payment", p[0], "keeps", p[2], "without an order"))
		}
	}
	for id, o := range orders {
		status, total, payment := o[0], o[1], payments[id]
		captured, kept := "0", "0"
		if payment != nil {
			captured, kept = payment[1], payment[2]
		}
		switch {
		case payment != nil && payment[0] != o[2]:
			out = append(out, list(id, "names the payment", o[2], "but has", payment[0]))
		case status == "paid" && captured != total:
			out = append(out, list(id, "is paid,", total, "but", captured, "was captured"))
		case status != "paid" && kept != "0":
			out = append(out, list(id, "is", status, "but", kept, "is kept"))
		}
	}
	return out, nil
}
