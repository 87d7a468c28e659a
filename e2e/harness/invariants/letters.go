package invariants

import "context"

func letterRules() []rule {
	return []rule{
		query("one e-mail for each event, template and recipient", "emails",
			`SELECT event_id FROM emails_letters GROUP BY event_id, template, recipient HAVING COUNT(*) > 1`),
		query("every e-mail is sent", "emails", `SELECT id FROM emails_letters WHERE status <> 'sent'`),
		query("every e-mail is in the mailbox once", "emails",
			`SELECT l.id FROM emails_letters l LEFT JOIN emails_mailbox m ON m.letter_id = l.id WHERE m.letter_id IS NULL`),
		query("the mailbox holds e-mails only", "emails",
			`SELECT m.letter_id FROM emails_mailbox m LEFT JOIN emails_letters l ON l.id = m.letter_id WHERE l.id IS NULL`),
		{"one receipt for each order that was paid", receiptsArePaidOrders},
	}
}

// receiptsArePaidOrders counts receipts by the order their subject names.
func receiptsArePaidOrders(ctx context.Context, c *checker) ([]string, error) {
	receipts, err := c.rows(ctx, "emails", 1, `SELECT subject FROM emails_letters WHERE template = 'receipt'`)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, r := range receipts {
		count[r[0]]++
	}
	paid, err := c.texts(ctx, "orders", `SELECT order_id FROM orders_timeline WHERE event = 'paid'`)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, id := range paid {
		subject := "Receipt for order " + id
		if count[subject] != 1 {
			out = append(out, list(id, "was paid and has a wrong number of receipts"))
		}
		delete(count, subject)
	}
	for subject := range count {
		out = append(out, subject+": the order was never paid")
	}
	return out, nil
}
