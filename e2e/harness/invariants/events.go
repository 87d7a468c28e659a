package invariants

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// consumers are who must have handled each type of event, by the database they are in.
var consumers = map[string]map[string][]string{
	"users.Registered":           {"emails": {"emails.welcome"}},
	"users.CodeIssued":           {"emails": {"emails.code"}},
	"users.AlreadyRegistered":    {"emails": {"emails.already_registered"}},
	"users.PasswordChanged":      {"emails": {"emails.password_changed"}},
	"users.NoAccount":            {"emails": {"emails.no_account"}},
	"users.EmailChanged":         {"emails": {"emails.address_changed"}},
	"users.CredentialsChanged":   {"emails": {"emails.factor_changed"}},
	"users.SignedInAnew":         {"emails": {"emails.new_sign_in"}},
	"merchants.MerchantApproved": {"emails": {"emails.merchant_approved"}},
	"merchants.Invited":          {"emails": {"emails.merchant_invitation"}},
	"catalog.StockLow":           {},
	"catalog.StockShort":         {"orders": {"orders.stock_short"}},
	"orders.Placed":              {},
	"orders.Paid":                {"catalog": {"catalog.sell"}, "emails": {"emails.receipt"}},
	"orders.Cancelled":           {"catalog": {"catalog.cancel"}, "emails": {"emails.order_cancelled"}, "payments": {"payments.order_cancelled"}},
	"payments.Succeeded":         {"orders": {"orders.payment_succeeded"}},
	"payments.Failed":            {"orders": {"orders.payment_failed"}},
	"payments.Refunded":          {"orders": {"orders.payment_refunded"}, "emails": {"emails.refund_issued"}},
}

func eventRules() []rule {
	return []rule{
		{"every event has one effect in each listener", everyEventHasItsEffects},
		{"nothing waits in an outbox", func(ctx context.Context, c *checker) ([]string, error) {
			return c.everywhere(ctx, `SELECT id FROM events_outbox WHERE state <> 1`)
		}},
		{"nothing is owed to a destination", func(ctx context.Context, c *checker) ([]string, error) {
			return c.everywhere(ctx, `SELECT destination FROM events_owed`)
		}},
		{"no event is failing or dead", func(ctx context.Context, c *checker) ([]string, error) {
			return c.everywhere(ctx, `SELECT event_id FROM events_inbox WHERE state <> 1`)
		}},
	}
}

// everywhere runs one statement over every module's database.
func (c *checker) everywhere(ctx context.Context, statement string) ([]string, error) {
	var out []string
	for _, module := range slices.Sorted(maps.Keys(c.dbs)) {
		lines, err := c.texts(ctx, module, statement)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			out = append(out, module+" "+l)
		}
	}
	return out, nil
}

// everyEventHasItsEffects compares outboxes with inboxes, both ways: an event without
// its mark is lost, a mark without its event is made up. Two marks of one consumer for
// one event cannot be: they share a primary key.
func everyEventHasItsEffects(ctx context.Context, c *checker) ([]string, error) {
	handled := map[string]bool{}
	emitted := map[string]bool{}
	for module := range c.dbs {
		rows, err := c.rows(ctx, module, 2, `SELECT consumer, event_id FROM events_inbox WHERE state = 1`)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			handled[r[0]+" "+r[1]] = true
		}
	}
	var out []string
	for module := range c.dbs {
		rows, err := c.rows(ctx, module, 2, `SELECT type, id FROM events_outbox`)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			listeners, known := consumers[r[0]]
			if !known {
				out = append(out, fmt.Sprintf("%s emitted %s, which this check does not know", module, r[0]))
			}
			for _, names := range listeners {
				for _, name := range names {
					emitted[name+" "+r[1]] = true
					if !handled[name+" "+r[1]] {
						out = append(out, list(r[0], r[1], "was not handled by", name))
					}
				}
			}
		}
	}
	for mark := range handled {
		if !emitted[mark] {
			out = append(out, "handled but never emitted, or not expected: "+mark)
		}
	}
	return out, nil
}
