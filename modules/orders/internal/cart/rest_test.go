package cart_test

import (
	"net/http"
	"strings"
	"testing"

	"app/modules/orders/internal/cart"
	"app/modules/orders/internal/orderstest"
	"app/platform/database/dbtest"
	"app/platform/money"
	"app/platform/operation/operationtest"
	"app/platform/problem"
)

func TestCartOnTheWire(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	made := a.Must(http.StatusCreated, orderstest.Nobody, "POST", "/v1/carts", "")
	orderstest.WantBody(t, made, `{"id":"crt","token":"secret","state":"open","lines":[],"total":{"amount":0,"currency":"EUR"},"created_at":"time","updated_at":"time"}`)
	guest := operationtest.Read[orderstest.Made](t, made)
	path, token := "/v1/carts/"+guest.ID, "Cart-Token: "+guest.Token
	if made.Header.Get("Location") != path || made.Header.Get("ETag") != `"1"` {
		t.Errorf("headers are %v", made.Header)
	}
	put := a.Must(http.StatusOK, orderstest.Nobody, "PUT", path+"/lines/"+orderstest.Chair, `{"quantity":2}`, token)
	orderstest.WantBody(t, put, `{"id":"crt","state":"open","lines":[
		{"product_id":"CHAIR","merchant_id":"MRC_A","title":"Thing","quantity":2,"price":{"amount":1990,"currency":"EUR"},"total":{"amount":3980,"currency":"EUR"}}
		],"total":{"amount":3980,"currency":"EUR"},"created_at":"time","updated_at":"time"}`)
	got := a.Must(http.StatusOK, orderstest.Nobody, "GET", path, "", token)
	if got.Body != put.Body || got.Header.Get("ETag") != `"2"` || put.Header.Get("ETag") != `"2"` {
		t.Errorf("read %s with ETag %s", got.Body, got.Header.Get("ETag"))
	}
	if r := a.Call(orderstest.Nobody, "GET", path, "", token, `If-None-Match: "2"`); r.Status != http.StatusNotModified || r.Body != "" {
		t.Errorf("unchanged cart: %d %s", r.Status, r.Body)
	}
	gone := a.Must(http.StatusOK, orderstest.Nobody, "DELETE", path+"/lines/"+orderstest.Chair, "", token)
	orderstest.WantBody(t, gone, `{"id":"crt","state":"open","lines":[],"total":{"amount":0,"currency":"EUR"},"created_at":"time","updated_at":"time"}`)
}

func TestCartBelongsToItsMaker(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	guest, token := a.Cart(orderstest.Nobody, orderstest.Chair)
	_, other := a.Cart(orderstest.Nobody)
	own, none := a.Cart(orderstest.Ada, orderstest.Chair)
	if none != "Cart-Token: " {
		t.Errorf("a signed-in buyer's cart has the token %q", none)
	}
	a.Must(http.StatusOK, orderstest.Ada, "GET", guest, "", token) // a guest who signed in keeps the cart
	for name, r := range map[string]operationtest.Reply{
		"no token":           a.Call(orderstest.Nobody, "GET", guest, ""),
		"another's token":    a.Call(orderstest.Nobody, "GET", guest, "", other),
		"signed in":          a.Call(orderstest.Ada, "GET", guest, ""),
		"another buyer":      a.Call(orderstest.MemberA, "GET", own, ""),
		"a guest":            a.Call(orderstest.Nobody, "GET", own, "", token),
		"put":                a.Call(orderstest.Nobody, "PUT", own+"/lines/"+orderstest.Chair, `{"quantity":1}`, token),
		"delete":             a.Call(orderstest.MemberA, "DELETE", own+"/lines/"+orderstest.Chair, ""),
		"checkout":           a.Call(orderstest.MemberA, "POST", own+"/checkout", orderstest.Payment, "Idempotency-Key: a-key-of-some-length"),
		"malformed id":       a.Call(orderstest.Ada, "GET", "/v1/carts/1", ""),
		"id of another kind": a.Call(orderstest.Ada, "GET", "/v1/carts/"+orderstest.Chair, ""),
	} {
		t.Run(name, func(t *testing.T) { operationtest.WantProblem(t, r, http.StatusNotFound, "cart_not_found") })
	}
}

func TestCartEditsAreConditional(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	cartID, token := a.Cart(orderstest.Nobody, orderstest.Chair) // version 2
	operationtest.WantProblem(t, a.Call(orderstest.Nobody, "PUT", cartID+"/lines/"+orderstest.Chair, `{"quantity":5}`, token, `If-Match: "1"`), http.StatusPreconditionFailed, "version_mismatch")
	operationtest.WantProblem(t, a.Call(orderstest.Nobody, "DELETE", cartID+"/lines/"+orderstest.Chair, "", token, `If-Match: "1"`), http.StatusPreconditionFailed, "version_mismatch")
	r := a.Must(http.StatusOK, orderstest.Nobody, "PUT", cartID+"/lines/"+orderstest.Chair, `{"quantity":5}`, token, `If-Match: "2"`)
	if r.Header.Get("ETag") != `"3"` {
		t.Errorf("ETag is %s", r.Header.Get("ETag"))
	}
}

func TestBadCartInput(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	cartID, token := a.Cart(orderstest.Nobody, orderstest.Chair)
	line := cartID + "/lines/" + orderstest.Chair
	for name, c := range map[string]struct {
		body     string
		status   int
		code     string
		pointers []string
	}{
		"negative":      {`{"quantity":-1}`, 422, "validation_failed", []string{"/quantity"}},
		"too many":      {`{"quantity":10001}`, 422, "validation_failed", []string{"/quantity"}},
		"text":          {`{"quantity":"2"}`, 422, "validation_failed", []string{"/quantity"}},
		"fraction":      {`{"quantity":1.5}`, 422, "validation_failed", []string{"/quantity"}},
		"missing":       {`{}`, 422, "validation_failed", []string{"/quantity"}},
		"unknown field": {`{"quantity":1,"price":1}`, 422, "validation_failed", []string{"/price"}},
		"null":          {`{"quantity":null}`, 422, "validation_failed", []string{"/quantity"}},
		"an array":      {`[]`, 422, "validation_failed", []string{""}},
		"no JSON":       {`{"quantity":`, 400, "malformed_json", []string{""}},
		"no body":       {``, 400, "body_missing", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := a.Call(orderstest.Nobody, "PUT", line, c.body, token)
			p := operationtest.Read[problem.Problem](t, r)
			if r.Status != c.status || p.Code != c.code {
				t.Errorf("got %d %s, want %d %s", r.Status, r.Body, c.status, c.code)
			}
			if c.code == "validation_failed" {
				operationtest.WantProblem(t, r, c.status, c.code, c.pointers...)
			}
		})
	}
	t.Run("content type", func(t *testing.T) {
		operationtest.WantProblem(t, a.Call(orderstest.Nobody, "PUT", line, `{"quantity":1}`, token, "Content-Type: text/plain"), http.StatusUnsupportedMediaType, "unsupported_media_type")
	})
	t.Run("unknown product", func(t *testing.T) {
		operationtest.WantProblem(t, a.Call(orderstest.Nobody, "PUT", cartID+"/lines/prd_00000000000000000000000000", `{"quantity":1}`, token), http.StatusNotFound, "product_not_found")
	})
	t.Run("another currency", func(t *testing.T) {
		operationtest.WantProblem(t, a.Call(orderstest.Nobody, "PUT", cartID+"/lines/"+orderstest.Rug, `{"quantity":1}`, token), http.StatusConflict, "currency_mixed", "/lines/"+orderstest.Rug)
	})
	t.Run("method", func(t *testing.T) {
		r := a.Call(orderstest.Nobody, "PATCH", line, `{}`, token)
		if operationtest.WantProblem(t, r, http.StatusMethodNotAllowed, "method_not_allowed"); !strings.Contains(r.Header.Get("Allow"), "PUT") {
			t.Errorf("Allow is %q", r.Header.Get("Allow"))
		}
	})
}

func TestCartIsMadeOncePerKey(t *testing.T) {
	t.Parallel()
	a := orderstest.NewAPI(t)
	const key = "Idempotency-Key: made-at-random-long-enough"
	first, again := a.Must(http.StatusCreated, orderstest.Nobody, "POST", "/v1/carts", "", key), a.Must(http.StatusCreated, orderstest.Nobody, "POST", "/v1/carts", "", key)
	if first.Body != again.Body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("made %s, then %s", first.Body, again.Body)
	}
}

// What an ordered cart has and its body leaves out fails here.
func TestEveryFieldOfACartIsOnTheWire(t *testing.T) {
	t.Parallel()
	filled := dbtest.Filled[cart.Cart](t)
	filled.State = cart.Ordered
	body, err := cart.BodyOf(filled, dbtest.Filled[money.Money](t))
	if err != nil {
		t.Fatal(err)
	}
	body.Token = "answered once, to whoever made the cart"
	dbtest.WantFilled(t, body)
}
