package checkout_test

import (
	"net/http"
	"strings"
	"testing"

	"app/modules/orders/internal/orderstest"
	"app/platform/operation/operationtest"
)

func TestCheckoutOnTheWire(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	cartID, token := a.Cart(orderstest.Nobody, orderstest.Chair, orderstest.Table)
	const key = "Idempotency-Key: first"
	placed := a.Must(http.StatusCreated, orderstest.Nobody, "POST", cartID+"/checkout", orderstest.Payment, token, key)
	orderstest.WantBody(t, placed, `{"id":"ord","status":"pending_payment","email":"ada@example.com","cart_id":"crt","lines":[
		{"product_id":"CHAIR","merchant_id":"MRC_A","title":"Thing","sku":"sku-1","quantity":1,"price":{"amount":1990,"currency":"EUR"},"total":{"amount":1990,"currency":"EUR"}},
		{"product_id":"TABLE","merchant_id":"MRC_B","title":"Thing","sku":"sku-1","quantity":1,"price":{"amount":5000,"currency":"EUR"},"total":{"amount":5000,"currency":"EUR"}}
		],"total":{"amount":6990,"currency":"EUR"},"payment":{"id":"pay","status":"pending"},
		"timeline":[{"at":"time","event":"placed","amount":{"amount":6990,"currency":"EUR"},"detail":"69.90 EUR"}],"created_at":"time","expires_at":"time"}`)
	order := "/v1/orders/" + operationtest.Read[orderstest.Made](t, placed).ID
	if got := placed.Header.Get("Location"); got != order {
		t.Errorf("Location is %q, want %q", got, order)
	}
	if got := a.Must(http.StatusOK, orderstest.Nobody, "GET", order, "", token); got.Body != placed.Body {
		t.Errorf("placed %s, then read %s", placed.Body, got.Body)
	}
	again := a.Must(http.StatusCreated, orderstest.Nobody, "POST", cartID+"/checkout", orderstest.Payment, token, key)
	if again.Body != placed.Body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("repeated: %s", again.Body)
	}
	operationtest.WantProblem(t, a.Call(orderstest.Nobody, "POST", cartID+"/checkout", orderstest.Payment, token, "Idempotency-Key: second"), http.StatusConflict, "cart_already_ordered", "/order_id")
	operationtest.WantProblem(t, a.Call(orderstest.Nobody, "POST", cartID+"/checkout", strings.Replace(orderstest.Payment, "ada", "eve", 1), token, key),
		http.StatusUnprocessableEntity, "idempotency_key_reused", "/Idempotency-Key")
	operationtest.WantProblem(t, a.Call(orderstest.Nobody, "PUT", cartID+"/lines/"+orderstest.Chair, `{"quantity":2}`, token), http.StatusConflict, "cart_already_ordered", "/order_id")
}

func TestBadCheckoutInput(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	cartID, token := a.Cart(orderstest.Nobody, orderstest.Chair)
	operationtest.WantProblem(t, a.Call(orderstest.Nobody, "POST", cartID+"/checkout", orderstest.Payment, token), http.StatusBadRequest, "idempotency_key_missing", "/Idempotency-Key")
	for name, c := range map[string]struct {
		body     string
		pointers []string
	}{
		"nothing":        {`{}`, []string{"/email", "/payment_method"}},
		"wrong types":    {`{"email":1,"payment_method":true}`, []string{"/email", "/payment_method"}},
		"no address":     {`{"email":"ada","payment_method":"test_ok"}`, []string{"/email"}},
		"header break":   {`{"email":"ada@example.com\r\nBcc: eve@example.com","payment_method":"test_ok"}`, []string{"/email"}},
		"unknown method": {`{"email":"ada@example.com","payment_method":"gold"}`, []string{"/payment_method"}},
		"unknown field":  {`{"email":"ada@example.com","payment_method":"test_ok","total":1}`, []string{"/total"}},
	} {
		t.Run(name, func(t *testing.T) {
			operationtest.WantProblem(t, a.Call(orderstest.Nobody, "POST", cartID+"/checkout", c.body, token, "Idempotency-Key: k-"+strings.ReplaceAll(name, " ", "-")),
				http.StatusUnprocessableEntity, "validation_failed", c.pointers...)
		})
	}
	empty, mine := a.Cart(orderstest.Nobody)
	operationtest.WantProblem(t, a.Call(orderstest.Nobody, "POST", empty+"/checkout", orderstest.Payment, mine, "Idempotency-Key: k"), http.StatusConflict, "cart_empty")
	a.Must(http.StatusCreated, orderstest.Nobody, "POST", cartID+"/checkout", orderstest.Payment, token, "Idempotency-Key: k") // nothing of this stood in the way
}
