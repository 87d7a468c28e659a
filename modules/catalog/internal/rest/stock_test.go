package rest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/rest"
)

func TestCorrectStock(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	p := a.product() // 7
	path := "/v1/products/" + p.ID + "/stock"
	a.hold(p.ID, 4)
	want := func(r reply, onHand, version int64) {
		t.Helper()
		expected := rest.Stock{ProductID: p.ID, OnHand: onHand, Held: 4, Available: onHand - 4, LowStockThreshold: 5, Version: version}
		if diff := cmp.Diff(expected, read[rest.Stock](t, r)); diff != "" {
			t.Error(diff)
		}
	}
	want(a.must(200, manager, "POST", path, `{"delta":3,"reason":"delivery"}`), 10, 3)
	want(a.must(200, manager, "POST", path, `{"delta":-6,"reason":"counted"}`, `If-Match: "3"`), 4, 4)
	wantProblem(t, a.call(manager, "POST", path, `{"delta":1,"reason":"x"}`, `If-Match: "3"`), 412, "version_mismatch")
	wantProblem(t, a.call(manager, "POST", path, `{"delta":-1,"reason":"x"}`), 409, "stock_short")
	wantProblem(t, a.call(manager, "POST", path, `{"delta":1000000000,"reason":"x"}`), 422, "validation_failed", "/delta")
	want(a.must(200, manager, "GET", path, ""), 4, 4)
}

func TestCorrectStockAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	path := "/v1/products/" + a.product().ID + "/stock"
	for range 3 {
		got := read[rest.Stock](t, a.must(200, manager, "POST", path, `{"delta":3,"reason":"delivery"}`, "Idempotency-Key: once"))
		if got.OnHand != 10 {
			t.Errorf("%+v", got)
		}
	}
}

func TestCorrectStockRefuses(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	path := "/v1/products/" + a.product().ID + "/stock"
	for body, pointers := range map[string][]string{
		`{}`:                                {"/delta", "/reason"},
		`{"delta":0,"reason":"x"}`:          {"/delta"},
		`{"delta":1.5,"reason":"x"}`:        {"/delta"},
		`{"delta":1,"reason":""}`:           {"/reason"},
		`{"delta":1,"reason":"a\u001bb"}`:   {"/reason"},
		`{"delta":1e10,"reason":"x"}`:       {"/delta"},
		`{"delta":-9999999999,"reason":7}`:  {"/delta", "/reason"},
		`{"delta":1,"reason":"x","held":0}`: {"/held"},
	} {
		wantProblem(t, a.call(manager, "POST", path, body), 422, "validation_failed", pointers...)
	}
}
