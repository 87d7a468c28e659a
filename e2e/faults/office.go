package faults

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"app/e2e/harness/shop"
)

// job is something that the back office does after a checkout. again tells that it is
// too early.
type job struct {
	what string
	do   func(ctx context.Context, attempt int) (again bool, err error)
}

// clerks is how many jobs the office does at the same time.
const clerks = 3

// work does the office's jobs until ctx ends and all are done or given up; those that
// come too early are tried again.
func (r *rush) work(ctx context.Context, closing <-chan struct{}) {
	var all sync.WaitGroup
	for range clerks {
		all.Go(func() {
			for {
				select {
				case j := <-r.office:
					r.doJob(ctx, j)
				case <-ctx.Done():
					return
				case <-closing:
					select {
					case j := <-r.office:
						r.doJob(ctx, j)
					default:
						return
					}
				}
			}
		})
	}
	all.Wait()
}

// doJob tries a job up to twenty times, half a second apart: an order whose money does
// not come needs nothing.
func (r *rush) doJob(ctx context.Context, j job) {
	for attempt := range 20 {
		again, err := j.do(ctx, attempt)
		r.fail(j.what, err)
		if !again || err != nil || ctx.Err() != nil {
			return
		}
		sleep(ctx, 250*time.Millisecond)
	}
}

// follow gives the office what a purchase asks for.
func (r *rush) follow(p purchase) {
	v := p.visit
	if v.Refund > 0 {
		r.office <- job{fmt.Sprintf("refund %d", v.N), func(ctx context.Context, attempt int) (bool, error) { return r.refund(ctx, p, attempt) }}
	}
	if v.News {
		r.office <- job{fmt.Sprintf("news %d", v.N), func(ctx context.Context, _ int) (bool, error) { return r.news(ctx, p) }}
	}
	if v.Pry {
		r.office <- job{fmt.Sprintf("pry %d", v.N), func(ctx context.Context, _ int) (bool, error) { return false, r.pry(ctx, p) }}
	}
}

// errands gives the office what has to be done after so many checkouts, whatever came
// of them.
func (r *rush) errands(n int) {
	for _, s := range r.plan.Poisons {
		if s.After == n {
			r.office <- job{fmt.Sprintf("poison %d", s.N), func(ctx context.Context, _ int) (bool, error) { return false, r.poison(ctx, s) }}
		}
	}
	for _, s := range r.plan.Restocks {
		if s.After == n {
			r.office <- job{fmt.Sprintf("restock %d", s.N), func(ctx context.Context, _ int) (bool, error) { return false, r.restock(ctx, s) }}
		}
	}
}

// refund gives back a part of the share of the merchant of the first line. A key that
// was refused is spent, so each attempt has its own.
func (r *rush) refund(ctx context.Context, p purchase, attempt int) (again bool, err error) {
	merchant := r.plan.Products[p.visit.Lines[0].Product].Merchant
	share := int64(0)
	for _, l := range p.visit.Lines {
		if product := r.plan.Products[l.Product]; product.Merchant == merchant {
			share += product.Price * int64(l.Quantity)
		}
	}
	amount := max(1, share*int64(p.visit.Refund)/100)
	body := map[string]any{"amount": shop.Money{Amount: amount, Currency: "EUR"}, "merchant_id": r.merchants[merchant], "reason": "scratched"}
	key := shop.Key(r.plan.Key(fmt.Sprintf("refund-%d", attempt), p.visit.N))
	err = r.owners[merchant].Call(ctx, http.StatusCreated, http.MethodPost, "/v1/payments/"+p.order.Payment.ID+"/refund", body, nil, key)
	switch {
	case isProblem(err, "payment_not_captured"), shop.StatusOf(err) == http.StatusNotFound: // no money yet, or no payment
		order, err := p.guest.Order(ctx, p.order.ID)
		return order.Status != "cancelled", err
	case isProblem(err, "refund_exceeds_capture"): // cancelled meanwhile
		return false, nil
	}
	return false, err
}

// restock adds units of a product.
func (r *rush) restock(ctx context.Context, s Restock) error {
	body := map[string]any{"delta": s.Units, "reason": "delivery"}
	return r.owners[r.plan.Products[s.Product].Merchant].Call(ctx, http.StatusOK, http.MethodPost,
		"/v1/products/"+r.products[s.Product]+"/stock", body, nil, shop.Key(r.plan.Key("restock", s.N)))
}

// news sends what the provider has to say about a payment that was captured once more,
// three times at once, then that it is pending, which is late, and something about a
// payment that nobody knows.
func (r *rush) news(ctx context.Context, p purchase) (again bool, err error) {
	order, err := p.guest.Order(ctx, p.order.ID)
	if err != nil {
		return false, err
	}
	if order.Payment.Status == "pending" {
		return true, nil
	}
	key := r.plan.Key("event", p.visit.N)
	if order.Payment.Status == "succeeded" || order.Payment.Status == "refunded" {
		var all sync.WaitGroup
		errs := make([]error, 3)
		for i := range errs {
			all.Go(func() {
				errs[i] = r.webhook(ctx, key+"-captured", "charge.captured", order.Payment.ID, order.Total.Amount)
			})
		}
		all.Wait()
		for _, err := range errs {
			if err != nil {
				return false, err
			}
		}
	}
	if err := r.webhook(ctx, key+"-pending", "charge.pending", order.Payment.ID, 0); err != nil {
		return false, err
	}
	return false, r.webhook(ctx, key+"-unknown", "charge.captured", "pay_nobodyknowsthispayment00000", 100)
}

// webhook calls as the test provider does, until it is acknowledged.
func (r *rush) webhook(ctx context.Context, id, kind, charge string, amount int64) error {
	body, err := json.Marshal(map[string]any{
		"id": id, "type": kind, "created_at": time.Now().UTC(), "charge": charge, "amount": amount, "currency": "EUR",
	})
	if err != nil {
		return err
	}
	return until(ctx, patience, func(ctx context.Context) error {
		at := strconv.FormatInt(time.Now().Unix(), 10)
		mac := hmac.New(sha256.New, []byte(r.world.secret))
		mac.Write([]byte(at + "."))
		mac.Write(bytes.TrimSpace(body))
		signature := shop.Header("Souk-Signature", "t="+at+",v1="+hex.EncodeToString(mac.Sum(nil)))
		// The event's id goes along as a key, which the operation ignores: with it the
		// log tells what was acknowledged.
		reply, err := r.client.Send(ctx, http.MethodPost, "/v1/payments/webhooks/test", body, signature, shop.Key(id))
		if err == nil && reply.Status != http.StatusOK {
			err = &shop.Error{Call: "webhook", Reply: reply}
		}
		return err
	})
}

// pry reads what belongs to others: it must not be there for them, whatever is broken
// at the moment.
func (r *rush) pry(ctx context.Context, p purchase) error {
	product := p.visit.Lines[0].Product
	other := r.owners[(r.plan.Products[product].Merchant+1)%Merchants]
	stranger := *r.client
	stranger.CartToken = "not the cart's token"
	for _, try := range []struct {
		who  *shop.Client
		path string
	}{
		{other, "/v1/products/" + r.products[product] + "/stock"}, {&stranger, "/v1/orders/" + p.order.ID},
		{&stranger, "/v1/carts/" + p.cart}, {&stranger, "/v1/payments/" + p.order.Payment.ID},
		{other, "/v1/orders?merchant_id=" + r.merchants[r.plan.Products[product].Merchant]},
	} {
		reply, err := try.who.Do(ctx, http.MethodGet, try.path, nil)
		if err == nil && reply.Status < http.StatusBadRequest {
			return fmt.Errorf("%s was shown to somebody else: %d %s", try.path, reply.Status, reply.Body)
		}
	}
	return nil
}
