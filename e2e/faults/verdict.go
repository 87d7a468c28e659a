package faults

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"app/e2e/harness/invariants"
)

// acknowledged are the orders that buyers were told of.
func acknowledged(entries []Entry) (out []invariants.Acknowledged) {
	for _, e := range entries {
		if isCheckout(e) && e.Status == http.StatusCreated {
			out = append(out, invariants.Acknowledged{OrderID: e.ID, Key: e.Key})
		}
	}
	return out
}

func isCheckout(e Entry) bool { return strings.HasSuffix(e.Path, "/checkout") }

// rest waits until every invariant holds, and returns those that do not when the time
// is over. It says how far it is.
func (r *rush) rest(ctx context.Context, dbs invariants.Databases, patience time.Duration, say func(string, ...any)) ([]invariants.Violation, error) {
	told := acknowledged(r.record.all())
	begun, spoken := time.Now(), time.Now()
	for {
		found, err := invariants.Check(ctx, dbs, told)
		if err == nil && len(found) == 0 || time.Since(begun) > patience || ctx.Err() != nil {
			return found, err
		}
		if time.Since(spoken) > 10*time.Second {
			spoken = time.Now()
			say("not at rest after %s: %v", time.Since(begun).Round(time.Second), summary(found, err))
		}
		sleep(ctx, 300*time.Millisecond)
	}
}

// summary counts violations by rule.
func summary(found []invariants.Violation, err error) string {
	counts := map[string]int{}
	var rules []string
	for _, v := range found {
		if counts[v.Rule]++; counts[v.Rule] == 1 {
			rules = append(rules, v.Rule)
		}
	}
	for i, rule := range rules {
		rules[i] = fmt.Sprintf("%d x %s", counts[rule], rule)
	}
	if err != nil {
		rules = append(rules, err.Error())
	}
	return strings.Join(rules, "; ")
}

// judge compares what clients were told with what is there, beyond what the invariants
// know.
func (r *rush) judge(ctx context.Context, dbs invariants.Databases) ([]string, error) {
	entries := r.record.all()
	wrong := sameAnswers(entries)
	for _, check := range []func(context.Context, invariants.Databases, []Entry) ([]string, error){
		r.placed, r.cancelled, r.refunds, r.webhooks, r.stocked, r.carts,
	} {
		found, err := check(ctx, dbs, entries)
		if err != nil {
			return wrong, err
		}
		wrong = append(wrong, found...)
	}
	return wrong, nil
}

// final reports whether an answer is one that repetitions have to get too.
func final(e Entry) bool {
	return e.Status >= 200 && e.Status < 300 || e.Status == http.StatusConflict && e.Code != "idempotency_in_flight" && e.Code != "cart_changed"
}

// sameAnswers finds keys that were answered in two ways, in whatever order, with
// failures between: nothing that failed was half done.
func sameAnswers(entries []Entry) (wrong []string) {
	first := map[string]Entry{}
	for _, e := range entries {
		if e.Key == "" || e.Method == http.MethodGet || !final(e) {
			continue
		}
		id := e.Method + " " + e.Path + " " + e.Key
		was, known := first[id]
		if known && (was.Status != e.Status || was.ID != e.ID || was.Code != e.Code) {
			wrong = append(wrong, fmt.Sprintf("%s was answered with %d %s%s and with %d %s%s", id, was.Status, was.ID, was.Code, e.Status, e.ID, e.Code))
		}
		if !known {
			first[id] = e
		}
	}
	return wrong
}

// placed looks for orders that nobody was told of although every checkout was repeated
// until it had its answer: what was refused in the end was half done before.
func (r *rush) placed(ctx context.Context, dbs invariants.Databases, entries []Entry) (wrong []string, err error) {
	there, err := column(ctx, dbs["orders"], `SELECT id FROM orders_orders`)
	told := map[string]bool{}
	for _, a := range acknowledged(entries) {
		told[a.OrderID] = true
	}
	for _, id := range there {
		if !told[id] {
			wrong = append(wrong, id+": the order is there, and its checkout got another answer")
		}
	}
	return wrong, err
}

// cancelled looks for orders whose cancellation was acknowledged.
func (r *rush) cancelled(ctx context.Context, dbs invariants.Databases, entries []Entry) (wrong []string, err error) {
	states, err := column(ctx, dbs["orders"], `SELECT CONCAT(id, ' ', status) FROM orders_orders`)
	for _, e := range entries {
		if strings.HasSuffix(e.Path, "/cancel") && e.Status == http.StatusOK && !slices.Contains(states, e.ID+" cancelled") {
			wrong = append(wrong, e.ID+": its cancellation was acknowledged and it is not cancelled")
		}
	}
	return wrong, err
}

// refunds compares the merchants' refunds with those that were acknowledged, both ways.
func (r *rush) refunds(ctx context.Context, dbs invariants.Databases, entries []Entry) (wrong []string, err error) {
	there, err := column(ctx, dbs["payments"], `SELECT id FROM payments_refunds WHERE merchant_id <> ''`)
	told := map[string]bool{}
	for _, e := range entries {
		if strings.HasSuffix(e.Path, "/refund") && e.Status == http.StatusCreated {
			if told[e.ID] = true; !slices.Contains(there, e.ID) {
				wrong = append(wrong, e.ID+": the refund was acknowledged and is not there")
			}
		}
	}
	for _, id := range there {
		if !told[id] {
			wrong = append(wrong, id+": the refund is there, and every request for one got another answer")
		}
	}
	return wrong, err
}

// webhooks looks for events that were acknowledged to the provider.
func (r *rush) webhooks(ctx context.Context, dbs invariants.Databases, entries []Entry) (wrong []string, err error) {
	there, err := column(ctx, dbs["payments"], `SELECT event_id FROM payments_webhooks`)
	for _, e := range entries {
		if strings.HasPrefix(e.Path, "/v1/payments/webhooks/") && e.Status == http.StatusOK && !slices.Contains(there, e.Key) {
			wrong = append(wrong, e.Key+": the webhook was acknowledged and is not there")
		}
	}
	return wrong, err
}

// stocked compares what there is on hand with what was listed and what was added.
func (r *rush) stocked(ctx context.Context, dbs invariants.Databases, entries []Entry) (wrong []string, err error) {
	there, err := column(ctx, dbs["catalog"], `SELECT CONCAT(product_id, ' ', on_hand) FROM catalog_stock`)
	want := map[string]int64{}
	for i, p := range r.plan.Products {
		want[r.products[i]] = p.Stock
	}
	for _, s := range r.plan.Restocks {
		added := slices.ContainsFunc(entries, func(e Entry) bool { return e.Key == r.plan.Key("restock", s.N) && e.Status == http.StatusOK })
		if added {
			want[r.products[s.Product]] += int64(s.Units)
		}
	}
	for product, units := range want {
		if !slices.Contains(there, fmt.Sprintf("%s %d", product, units)) {
			wrong = append(wrong, fmt.Sprintf("%s: there should be %d units on hand", product, units))
		}
	}
	return wrong, err
}

// carts counts the carts: each visit made one, however often it asked.
func (r *rush) carts(ctx context.Context, dbs invariants.Databases, _ []Entry) (wrong []string, err error) {
	there, err := column(ctx, dbs["orders"], `SELECT id FROM orders_carts`)
	if len(there) != len(r.plan.Visits) {
		wrong = append(wrong, fmt.Sprintf("%d carts of %d visits", len(there), len(r.plan.Visits)))
	}
	return wrong, err
}

// column runs a statement that selects one text.
func column(ctx context.Context, db *sql.DB, statement string) (out []string, err error) {
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", statement, err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

// askAgain repeats checkouts that were answered long ago, and reads their orders: the
// answers still hold.
func (r *rush) askAgain(ctx context.Context) {
	for i, p := range r.purchases() {
		if i%20 != 0 {
			continue
		}
		what := fmt.Sprintf("once more: checkout %d", p.visit.N)
		r.fail(what, r.again(ctx, p))
		if p.order.ID == "" {
			continue
		}
		order, err := p.guest.Order(ctx, p.order.ID)
		if err == nil && (order.ID != p.order.ID || order.Status == "pending_payment") {
			err = fmt.Errorf("the order %s is %s %s", p.order.ID, order.ID, order.Status)
		}
		r.fail(what, err)
		r.fail(what, r.pry(ctx, p))
	}
}

// unsettled are requests whose key was left when the answer could not be stored: their
// ids, and the requests that they can be.
const unsettled = `SELECT CAST(created_at AS CHAR) FROM http_idempotency WHERE state = 0`

// finish repeats the requests whose answers could not be stored: each has to be
// answered as it was, and no key may be left.
func (r *rush) finish(ctx context.Context, dbs invariants.Databases) error {
	entries := r.record.all()
	for module, db := range dbs {
		times, err := column(ctx, db, unsettled)
		if err != nil {
			return err
		}
		for _, text := range times {
			micros, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return err
			}
			r.repeatAt(ctx, entries, time.UnixMicro(micros))
		}
		left, err := column(ctx, db, unsettled)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%s: %d keys are in flight although every request was repeated", module, len(left))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// repeatAt sends again whatever was under way at a moment. What comes of it is in the
// log, see sameAnswers.
func (r *rush) repeatAt(ctx context.Context, entries []Entry, at time.Time) {
	offset := at.Sub(r.record.began)
	for _, e := range entries {
		if e.send == nil || offset < e.At || offset > e.At+e.Took {
			continue
		}
		request, err := e.send(ctx)
		if err != nil {
			r.fail("repeat "+e.Key, err)
			continue
		}
		response, err := r.client.HTTP.Do(request)
		if err != nil {
			r.fail("repeat "+e.Key, err)
			continue
		}
		_ = response.Body.Close()
	}
}
