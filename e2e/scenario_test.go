// Package e2e_test runs whole scenarios over the public API, each in every shape of the
// shop.
package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"app/e2e/harness/invariants"
	"app/e2e/harness/shop"
	"app/platform/identity/oidctest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	shop.CleanUp()
	oidctest.CleanUp()
	os.Exit(code)
}

// must stops the test when a step of the scenario fails.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func eur(amount int64) shop.Money { return shop.Money{Amount: amount, Currency: "EUR"} }

// settled waits until nothing is under way any more and checks every invariant.
func settled(t *testing.T, s *shop.Shop, acknowledged ...invariants.Acknowledged) {
	t.Helper()
	dbs, err := invariants.Open(s.Dir, s.Databases)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dbs.Close() }() // they were only read
	var found []invariants.Violation
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(50 * time.Millisecond) {
		if found, err = invariants.Check(t.Context(), dbs, acknowledged); err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 || time.Now().After(deadline) {
			break
		}
	}
	for _, v := range found {
		t.Error(v)
	}
}

// stand is a merchant with a product on sale.
type stand struct {
	owner    *shop.Client
	merchant string
	product  shop.Product
}

func openStand(t *testing.T, s *shop.Shop, name string, price, stock int64) stand {
	t.Helper()
	owner := must(s.SignUp(t.Context(), name+"@example.com"))(t)
	merchant := must(owner.OpenMerchant(t.Context(), name))(t)
	product := must(owner.List(t.Context(), merchant, "SKU-1", eur(price), stock))(t)
	return stand{owner, merchant, product}
}

// buy fills a new cart with one product and checks out.
func buy(t *testing.T, c *shop.Client, product string, quantity int64, email, method, key string) (*shop.Client, shop.Order) {
	t.Helper()
	mine, cart, err := c.NewCart(t.Context(), "cart-"+key)
	if err != nil {
		t.Fatal(err)
	}
	if err := mine.Put(t.Context(), cart.ID, product, quantity); err != nil {
		t.Fatal(err)
	}
	return mine, must(mine.Checkout(t.Context(), cart.ID, email, method, key))(t)
}

// Somebody registers, opens a merchant account, lists products with stock; a guest
// fills a cart, checks out, pays and gets a receipt by mail; the merchant sees the
// order and the stock.
func TestScenario_RegisterToReceipt(t *testing.T) {
	t.Parallel()
	shop.Run(t, registerToReceipt, nil)
}

func registerToReceipt(t *testing.T, s *shop.Shop) {
	ctx := t.Context()
	st := openStand(t, s, "lamps", 1990, 9)
	guest, order := buy(t, s.Client, st.product.ID, 2, "guest@example.com", "test_ok", "register-to-receipt")
	if order.Total != eur(3980) || order.Payment.ID == "" || len(order.Lines) != 1 {
		t.Errorf("acknowledged %+v", order)
	}
	paid := must(guest.AwaitOrder(ctx, order.ID, "paid"))(t)
	var events []string
	for _, e := range paid.Timeline {
		events = append(events, e.Event)
	}
	if paid.Payment.Status != "succeeded" || !slices.Equal(events, []string{"placed", "paid"}) {
		t.Errorf("payment %s, timeline %v", paid.Payment.Status, events)
	}
	receipt := must(s.AwaitLetter(ctx, "guest@example.com", regexp.MustCompile("Receipt for order "+order.ID)))(t)
	if !regexp.MustCompile(`2 x Product SKU-1\s+19\.90 EUR each, 39\.80 EUR`).MatchString(receipt.Text) {
		t.Errorf("receipt:\n%s", receipt.Text)
	}
	err := shop.Await(ctx, "the stock to be sold", func(ctx context.Context) error {
		stock, err := st.owner.Stock(ctx, st.product.ID)
		if err == nil && stock != (shop.Stock{OnHand: 9, Sold: 2, Available: 7}) {
			err = fmt.Errorf("stock %+v", stock)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	var page struct{ Data []shop.Order }
	if err := st.owner.Call(ctx, http.StatusOK, http.MethodGet, "/v1/orders?merchant_id="+st.merchant, nil, &page); err != nil || len(page.Data) != 1 {
		t.Errorf("the merchant sees %d orders, %v", len(page.Data), err)
	}
	settled(t, s, invariants.Acknowledged{OrderID: order.ID, Key: "register-to-receipt"})
}

// Every outcome of the test provider ends in an order that is paid or cancelled, with
// books that agree.
func TestScenario_PaymentOutcomes(t *testing.T) {
	t.Parallel()
	shop.Run(t, paymentOutcomes, nil)
}

func paymentOutcomes(t *testing.T, s *shop.Shop) {
	st := openStand(t, s, "outcomes", 500, 100)
	var acknowledged []invariants.Acknowledged
	for method, status := range map[string]string{
		"test_ok": "paid", "test_declined": "cancelled", "test_slow": "paid", "test_lost_reply": "paid", "test_duplicate": "paid",
	} {
		guest, order := buy(t, s.Client, st.product.ID, 1, method+"@example.com", method, "outcome-"+method)
		if _, err := guest.AwaitOrder(t.Context(), order.ID, status); err != nil {
			t.Error(err)
		}
		acknowledged = append(acknowledged, invariants.Acknowledged{OrderID: order.ID, Key: "outcome-" + method})
	}
	settled(t, s, acknowledged...)
}

// A buyer cancels a paid order and a merchant refunds a part of another: stock and
// money go back.
func TestScenario_CancelAndRefund(t *testing.T) {
	t.Parallel()
	shop.Run(t, cancelAndRefund, nil)
}

func cancelAndRefund(t *testing.T, s *shop.Shop) {
	ctx := t.Context()
	st := openStand(t, s, "refunds", 1000, 10)
	buyer := must(s.SignUp(ctx, "buyer@example.com"))(t)

	_, first := buy(t, buyer, st.product.ID, 3, "buyer@example.com", "test_ok", "to-cancel")
	must(buyer.AwaitOrder(ctx, first.ID, "paid"))(t)
	if err := buyer.Call(ctx, http.StatusOK, http.MethodPost, "/v1/orders/"+first.ID+"/cancel", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	must(s.AwaitLetter(ctx, "buyer@example.com", regexp.MustCompile("Refund for order "+first.ID)))(t)

	_, second := buy(t, buyer, st.product.ID, 2, "buyer@example.com", "test_ok", "to-refund")
	must(buyer.AwaitOrder(ctx, second.ID, "paid"))(t)
	refund := map[string]any{"amount": eur(500), "reason": "one arrived late"}
	path := "/v1/payments/" + second.Payment.ID + "/refund"
	if err := st.owner.Call(ctx, http.StatusCreated, http.MethodPost, path, refund, nil, shop.Key("refund-1")); err != nil {
		t.Fatal(err)
	}
	must(s.AwaitLetter(ctx, "buyer@example.com", regexp.MustCompile("Refund for order "+second.ID)))(t)
	must(buyer.AwaitOrder(ctx, second.ID, "paid"))(t) // a partial refund leaves it paid
	settled(t, s)
	if got := must(st.owner.Stock(ctx, st.product.ID))(t); got != (shop.Stock{OnHand: 10, Sold: 2, Available: 8}) {
		t.Errorf("stock %+v", got)
	}
}
