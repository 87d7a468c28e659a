package e2e_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
)

// provider sends what the test provider would.
type provider struct {
	t      *testing.T
	client *shop.Client
}

// signed are the settings of a shop that believes the provider.
var signed = map[string]string{"PAYMENTS_TEST_WEBHOOK_SECRET": "a secret of the tests' webhooks"}

// send sends one webhook and wants it acknowledged.
func (p provider) send(id, kind, charge string, amount int64) {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{
		"id": id, "type": "charge." + kind, "created_at": time.Now().UTC(), "charge": charge, "amount": amount, "currency": "EUR",
	})
	if err != nil {
		p.t.Error(err)
		return
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(signed["PAYMENTS_TEST_WEBHOOK_SECRET"]))
	mac.Write([]byte(at + "." + string(body)))
	signature := shop.Header("Souk-Signature", "t="+at+",v1="+hex.EncodeToString(mac.Sum(nil)))
	reply, err := p.client.Send(p.t.Context(), http.MethodPost, "/v1/payments/webhooks/test", body, signature)
	if err != nil || reply.Status != http.StatusOK {
		p.t.Errorf("webhook %s: %d %s %v", id, reply.Status, reply.Body, err)
	}
}

// thrice sends the same webhook three times at once.
func (p provider) thrice(id, kind, charge string, amount int64) {
	p.t.Helper()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { p.send(id, kind, charge, amount) })
	}
	all.Wait()
}

const unknownPayment = "pay_01kan4v6e8fx2s1gq0vj5t3x7c"

// The same webhook three times at once, out of order, late after the money went back,
// about a payment nobody knows: all are acknowledged, and each payment is what it was.
func TestFailure09_WebhooksAgainLateAndUnknown(t *testing.T) {
	t.Parallel()
	shop.Run(t, func(t *testing.T, s *shop.Shop) {
		st, p, ctx := openStand(t, s, "webhooks", 700, 20), provider{t, s.Client}, t.Context()
		p.thrice("evt_unknown", "captured", unknownPayment, 700)

		guest, order := buy(t, s.Client, st.product.ID, 1, "again@example.com", "test_slow", "order-of-many-webhooks")
		p.send("evt_pending", "pending", order.Payment.ID, 0)
		must(guest.AwaitOrder(ctx, order.ID, "paid"))(t)
		p.thrice("evt_captured", "captured", order.Payment.ID, 700)
		p.thrice("evt_out_of_order", "pending", order.Payment.ID, 0)

		if err := guest.Call(ctx, http.StatusOK, http.MethodPost, "/v1/orders/"+order.ID+"/cancel", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
		err := shop.Await(ctx, "the money to go back", func(ctx context.Context) error {
			o, err := guest.Order(ctx, order.ID)
			if err == nil && o.Payment.Status != "refunded" {
				err = fmt.Errorf("payment %s", o.Payment.Status)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		p.thrice("evt_late", "captured", order.Payment.ID, 700)
		settled(t, s, invariants.Acknowledged{OrderID: order.ID, Key: "order-of-many-webhooks"})
		if o := must(guest.Order(ctx, order.ID))(t); o.Status != "cancelled" || o.Payment.Status != "refunded" {
			t.Errorf("the order is %s, its payment %s", o.Status, o.Payment.Status)
		}
	}, signed)
}

// A payment that failed is compensated: the stock goes back and so would its money. The
// next order of the same cart, which was paid, keeps both, however often the first
// one's failure is told.
func TestFailure10_CompensationLeavesTheNextOrderAlone(t *testing.T) {
	t.Parallel()
	shop.Run(t, func(t *testing.T, s *shop.Shop) {
		st, p, ctx := openStand(t, s, "compensation", 700, 2), provider{t, s.Client}, t.Context()
		guest, first := buy(t, s.Client, st.product.ID, 2, "second-try@example.com", "test_declined", "order-that-is-declined")
		must(guest.AwaitOrder(ctx, first.ID, "cancelled"))(t)
		cart := first.CartID
		var second shop.Order
		err := shop.Await(ctx, "the stock to come back", func(ctx context.Context) (err error) {
			// A key that was refused for lack of stock is spent.
			second, err = guest.Checkout(ctx, cart, "second-try@example.com", "test_ok", fmt.Sprintf("order-that-is-paid-%d", time.Now().UnixNano()))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		p.thrice("evt_declined", "declined", first.Payment.ID, 0)
		must(guest.AwaitOrder(ctx, second.ID, "paid"))(t)
		p.thrice("evt_declined_late", "declined", first.Payment.ID, 0)
		settled(t, s)
		if o := must(guest.AwaitOrder(ctx, second.ID, "paid"))(t); o.Payment.Status != "succeeded" {
			t.Errorf("the payment of the second order is %s", o.Payment.Status)
		}
		if got := must(st.owner.Stock(ctx, st.product.ID))(t); got != (shop.Stock{OnHand: 2, Sold: 2}) {
			t.Errorf("stock %+v", got)
		}
	}, signed)
}
