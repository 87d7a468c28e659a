package stock_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/stock"
	"app/platform/operation/operationtest"
)

func TestCorrectStock(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create() // 7
	path := "/v1/products/" + p.ID + "/stock"
	a.Hold(p.ID, 4)
	want := func(r operationtest.Reply, onHand, version int64) {
		t.Helper()
		expected := stock.Body{ProductID: p.ID, OnHand: onHand, Held: 4, Available: onHand - 4, LowStockThreshold: 5, Version: version}
		if diff := cmp.Diff(expected, operationtest.Read[stock.Body](t, r)); diff != "" {
			t.Error(diff)
		}
	}
	want(a.Must(200, catalogtest.Manager, "POST", path, `{"delta":3,"reason":"delivery"}`), 10, 3)
	want(a.Must(200, catalogtest.Manager, "POST", path, `{"delta":-6,"reason":"counted"}`, `If-Match: "3"`), 4, 4)
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", path, `{"delta":1,"reason":"x"}`, `If-Match: "3"`), 412, "version_mismatch")
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", path, `{"delta":-1,"reason":"x"}`), 409, "stock_short")
	operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", path, `{"delta":1000000000,"reason":"x"}`), 422, "validation_failed", "/delta")
	want(a.Must(200, catalogtest.Manager, "GET", path, ""), 4, 4)
}

func TestCorrectStockAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	path := "/v1/products/" + a.Create().ID + "/stock"
	for range 3 {
		got := operationtest.Read[stock.Body](t, a.Must(200, catalogtest.Manager, "POST", path, `{"delta":3,"reason":"delivery"}`, "Idempotency-Key: once"))
		if got.OnHand != 10 {
			t.Errorf("%+v", got)
		}
	}
}

func TestCorrectStockRefuses(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	path := "/v1/products/" + a.Create().ID + "/stock"
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
		operationtest.WantProblem(t, a.Call(catalogtest.Manager, "POST", path, body), 422, "validation_failed", pointers...)
	}
}
