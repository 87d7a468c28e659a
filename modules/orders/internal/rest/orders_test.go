package rest_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestCheckoutOnTheWire(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	cart, token := a.cart(nobody, chair, table)
	const key = "Idempotency-Key: first"
	placed := a.must(http.StatusCreated, nobody, "POST", cart+"/checkout", pay, token, key)
	wantBody(t, placed, `{"id":"ord","status":"pending_payment","email":"ada@example.com","cart_id":"crt","lines":[
		{"product_id":"CHAIR","merchant_id":"MRC_A","title":"Thing","sku":"sku-1","quantity":1,"price":{"amount":1990,"currency":"EUR"},"total":{"amount":1990,"currency":"EUR"}},
		{"product_id":"TABLE","merchant_id":"MRC_B","title":"Thing","sku":"sku-1","quantity":1,"price":{"amount":5000,"currency":"EUR"},"total":{"amount":5000,"currency":"EUR"}}
		],"total":{"amount":6990,"currency":"EUR"},"payment":{"id":"pay","status":"pending"},
		"timeline":[{"at":"time","event":"placed","detail":"69.90 EUR"}],"created_at":"time","expires_at":"time"}`)
	order := "/v1/orders/" + read[id](t, placed).ID
	if got := placed.Header.Get("Location"); got != order {
		t.Errorf("Location is %q, want %q", got, order)
	}
	if got := a.must(http.StatusOK, nobody, "GET", order, "", token); got.Body != placed.Body {
		t.Errorf("placed %s, then read %s", placed.Body, got.Body)
	}
	again := a.must(http.StatusCreated, nobody, "POST", cart+"/checkout", pay, token, key)
	if again.Body != placed.Body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("repeated: %s", again.Body)
	}
	wantProblem(t, a.call(nobody, "POST", cart+"/checkout", pay, token, "Idempotency-Key: second"), http.StatusConflict, "cart_already_ordered", "/order_id")
	wantProblem(t, a.call(nobody, "POST", cart+"/checkout", strings.Replace(pay, "ada", "eve", 1), token, key),
		http.StatusUnprocessableEntity, "idempotency_key_reused", "/Idempotency-Key")
	wantProblem(t, a.call(nobody, "PUT", cart+"/lines/"+chair, `{"quantity":2}`, token), http.StatusConflict, "cart_already_ordered", "/order_id")
}

func TestBadCheckoutInput(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	cart, token := a.cart(nobody, chair)
	wantProblem(t, a.call(nobody, "POST", cart+"/checkout", pay, token), http.StatusBadRequest, "idempotency_key_missing", "/Idempotency-Key")
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
			wantProblem(t, a.call(nobody, "POST", cart+"/checkout", c.body, token, "Idempotency-Key: k-"+strings.ReplaceAll(name, " ", "-")),
				http.StatusUnprocessableEntity, "validation_failed", c.pointers...)
		})
	}
	empty, mine := a.cart(nobody)
	wantProblem(t, a.call(nobody, "POST", empty+"/checkout", pay, mine, "Idempotency-Key: k"), http.StatusConflict, "cart_empty")
	a.must(http.StatusCreated, nobody, "POST", cart+"/checkout", pay, token, "Idempotency-Key: k") // nothing of this stood in the way
}

type orderList struct {
	Data []struct {
		ID            string `json:"id"`
		Lines         []any  `json:"lines"`
		Total         amount `json:"total"`
		MerchantTotal amount `json:"merchant_total"`
	} `json:"data"`
	HasMore bool   `json:"has_more"`
	Next    string `json:"next"`
}

type amount struct {
	Amount int64 `json:"amount"`
}

func TestOrdersArePaged(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var want []string
	for range 5 {
		order, _ := a.order(ada, chair, table)
		want = append([]string{strings.TrimPrefix(order, "/v1/orders/")}, want...)
	}
	a.order(memberA, chair) // another's
	for _, list := range []struct{ user, query string }{{ada, ""}, {memberB, "&merchant_id=" + merchantB}} {
		var got []string
		for after, pages := "", 0; ; pages++ {
			page := read[orderList](t, a.must(http.StatusOK, list.user, "GET", "/v1/orders?limit=2"+list.query+after, ""))
			for _, o := range page.Data {
				got = append(got, o.ID)
			}
			if !page.HasMore {
				if len(page.Data) != 1 || page.Next != "" || pages != 2 {
					t.Errorf("the last page is number %d: %+v", pages, page)
				}
				break
			}
			after = "&after=" + page.Next
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s lists %v, want newest first %v", list.user, got, want)
		}
	}
	for query, pointer := range map[string]string{"limit=0": "/limit", "limit=101": "/limit", "after=no": "/after", "after=WyJ4IiwieSJd": "/after", "colour=red": "/colour"} {
		wantProblem(t, a.call(ada, "GET", "/v1/orders?"+query, ""), http.StatusUnprocessableEntity, "validation_failed", pointer)
	}
	wantProblem(t, a.call(nobody, "GET", "/v1/orders", ""), http.StatusUnauthorized, "unauthenticated")
	if empty := a.must(http.StatusOK, "usr_new", "GET", "/v1/orders", ""); strings.TrimSpace(empty.Body) != `{"data":[],"has_more":false}` {
		t.Errorf("no orders: %s", empty.Body)
	}
}

func TestMerchantsSeeTheirPart(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	order, _ := a.order(ada, chair, table)
	for user, want := range map[string]struct {
		merchant string
		sum      int64
	}{memberA: {merchantA, 1990}, memberB: {merchantB, 5000}} {
		page := read[orderList](t, a.must(http.StatusOK, user, "GET", "/v1/orders?merchant_id="+want.merchant, ""))
		if len(page.Data) != 1 || len(page.Data[0].Lines) != 1 || page.Data[0].Total.Amount != want.sum || page.Data[0].MerchantTotal.Amount != want.sum {
			t.Errorf("%s lists %+v", user, page)
		}
		one := a.must(http.StatusOK, user, "GET", order, "").Body
		if !strings.Contains(one, want.merchant) || strings.Contains(one, map[string]string{memberA: merchantB, memberB: merchantA}[user]) {
			t.Errorf("%s sees %s", user, one)
		}
	}
	if whole := a.must(http.StatusOK, "usr_root", "GET", order, "").Body; !strings.Contains(whole, merchantA) || !strings.Contains(whole, merchantB) {
		t.Errorf("an administrator sees %s", whole)
	}
}

func TestFailure18_ForeignMerchantIsNotFound(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	order, _ := a.order(ada, chair) // of merchant A only
	for _, stranger := range []string{memberB, "usr_eve", nobody} {
		wantProblem(t, a.call(stranger, "GET", order, ""), http.StatusNotFound, "order_not_found")
		wantProblem(t, a.call(stranger, "POST", order+"/cancel", ""), http.StatusNotFound, "order_not_found")
	}
	for _, merchant := range []string{merchantA, "mrc_00000000000000000000000000", "1"} {
		wantProblem(t, a.call(memberB, "GET", "/v1/orders?merchant_id="+merchant, ""), http.StatusNotFound, "merchant_not_found")
	}
	wantProblem(t, a.call(memberA, "POST", order+"/cancel", ""), http.StatusForbidden, "role_too_low")
	wantProblem(t, a.call(ada, "GET", "/v1/orders/1", ""), http.StatusNotFound, "order_not_found")
}

func TestCancelOnTheWire(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	order, token := a.order(nobody, chair)
	wantProblem(t, a.call(nobody, "POST", order+"/cancel", ""), http.StatusNotFound, "order_not_found")
	type status struct {
		Status   string `json:"status"`
		Timeline []struct {
			Event  string `json:"event"`
			Detail string `json:"detail"`
		} `json:"timeline"`
	}
	for range 2 {
		got := read[status](t, a.must(http.StatusOK, nobody, "POST", order+"/cancel", "", token))
		if got.Status != "cancelled" || len(got.Timeline) != 2 || got.Timeline[1].Event != "cancelled" || got.Timeline[1].Detail != "by the buyer" {
			t.Errorf("cancelled: %+v", got)
		}
	}
}
