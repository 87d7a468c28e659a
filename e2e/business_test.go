package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"app/e2e/harness/shop"
)

// A merchant whose line is one of two reads its own part of the order and of its
// payment, and nothing of the other's, in every operation; what it gave back counts for
// its part.
func TestFault11_MerchantsReadTheirPartOnly(t *testing.T) {
	t.Parallel()
	shop.Run(t, func(t *testing.T, s *shop.Shop) {
		ctx := t.Context()
		ann, bob := must(s.SignUp(ctx, "ann@example.com"))(t), must(s.SignUp(ctx, "bob@example.com"))(t)
		a, b := must(ann.OpenMerchant(ctx, "Ann's Chairs"))(t), must(bob.OpenMerchant(ctx, "Bob's Tables"))(t)
		chair := must(ann.List(ctx, a, "chair", eur(1000), 10))(t)
		table := must(bob.List(ctx, b, "table", eur(777700), 10))(t)
		guest, cart, err := s.NewCart(ctx, "a-cart-of-two-merchants")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(guest.Put(ctx, cart.ID, chair.ID, 1), guest.Put(ctx, cart.ID, table.ID, 1)); err != nil {
			t.Fatal(err)
		}
		order := must(guest.Checkout(ctx, cart.ID, "ada@example.com", "test_ok", "an-order-of-two-merchants"))(t)
		must(guest.AwaitOrder(ctx, order.ID, "paid"))(t)
		refund := func(c *shop.Client, key string, amount int64) {
			body := map[string]any{"reason": "broken", "amount": eur(amount)}
			if err := c.Call(ctx, http.StatusCreated, http.MethodPost, "/v1/payments/"+order.Payment.ID+"/refund", body, nil, shop.Key(key)); err != nil {
				t.Fatal(err)
			}
		}
		read := func(c *shop.Client, path string) string {
			reply := must(c.Do(ctx, http.MethodGet, path, nil))(t)
			return string(reply.Body)
		}
		refund(bob, "a-part-of-the-price-of-the-table", 7700)
		refund(ann, "all-of-the-price-of-the-chair", 1000)
		err = shop.Await(ctx, "Ann's refund", func(context.Context) error {
			for _, path := range []string{"/v1/orders/" + order.ID, "/v1/orders?merchant_id=" + a, "/v1/payments/" + order.Payment.ID} {
				if body := read(ann, path); !strings.Contains(body, `"status":"refunded"`) {
					return errors.New(path + " is not refunded for Ann: " + body)
				}
			}
			if body := read(bob, "/v1/orders/"+order.ID); !strings.Contains(body, "refund_issued") {
				return errors.New("Bob's refund has not been heard of: " + body)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/v1/orders/" + order.ID, "/v1/orders?merchant_id=" + a, "/v1/payments/" + order.Payment.ID} {
			for what, secret := range map[string]string{
				"B": b, "B's product": table.ID, "B's sum": "7777", "the whole sum": "7787", "B's refund": "77.00", "B's refund in cents": "7700",
			} {
				if body := read(ann, path); strings.Contains(body, secret) {
					t.Errorf("%s tells Ann of %s: %s", path, what, body)
				}
			}
		}
		if body := read(bob, "/v1/orders/"+order.ID); !strings.Contains(body, `"status":"paid"`) || strings.Contains(body, "10.00") {
			t.Errorf("Bob reads %s", body)
		}
		settled(t, s)
	}, nil)
}

// Somebody who leaves orders unpaid is refused before the stock is gone, is told when
// to come back, and has what is cancelled to use again. The simulated network repeats
// requests, which the limit of checkouts would count.
func TestFault05_OrdersLeftUnpaidAreBounded(t *testing.T) {
	t.Parallel()
	settings := map[string]string{"RATE_LIMIT": "on", "CATALOG_UNPAID_GUEST_UNITS": "30", "PAYMENTS_TEST_SLOW": "5m", "PAYMENTS_POLL": "10m"}
	for _, shape := range []shop.Shape{shop.Local, shop.RPC, shop.Processes, shop.RabbitMQ} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			leaveUnpaid(t, shop.Open(t, shape, settings))
		})
	}
}

func leaveUnpaid(t *testing.T, s *shop.Shop) {
	t.Helper()
	ctx := t.Context()
	ann := must(s.SignUp(ctx, "ann@example.com"))(t)
	chair := must(ann.List(ctx, must(ann.OpenMerchant(ctx, "Ann's Chairs"))(t), "chair", eur(1000), 100))(t)
	buy := func(key string, units int64) (*shop.Client, shop.Order, error) {
		guest, cart, err := s.NewCart(ctx, "a-cart-for-"+key)
		if err != nil {
			t.Fatal(err)
		}
		if err := guest.Put(ctx, cart.ID, chair.ID, units); err != nil {
			t.Fatal(err)
		}
		order, err := guest.Checkout(ctx, cart.ID, "ada@example.com", "test_slow", "an-order-for-"+key)
		return guest, order, err
	}
	problem := func(err error) string {
		var refusal *shop.Error
		if !errors.As(err, &refusal) {
			t.Fatalf("not refused: %v", err)
		}
		return refusal.Problem().Code
	}
	guest, order, err := buy("the-first-one", 25)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := buy("more-than-may-be-unpaid", 10); problem(err) != "too_many_unpaid" {
		t.Errorf("got %v", err)
	}
	if err := guest.Call(ctx, http.StatusOK, http.MethodPost, "/v1/orders/"+order.ID+"/cancel", nil, nil); err != nil {
		t.Fatal(err)
	}
	err = shop.Await(ctx, "the stock of the cancelled order", func(ctx context.Context) error {
		if stock, err := ann.Stock(ctx, chair.ID); err != nil || stock.Held != 0 {
			return errors.Join(err, errors.New("still held"))
		}
		return nil
	})
	if _, _, again := buy("the-same-again", 25); err != nil || again != nil {
		t.Error(err, again)
	}
}
