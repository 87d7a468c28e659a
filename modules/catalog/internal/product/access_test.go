package product_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/catalog/internal/catalogtest"
	"app/modules/catalog/internal/product"
	"app/platform/operation/operationtest"
)

// The merchant routes; %s is a product.
var merchantRoutes = []struct{ method, path, body string }{
	{"PATCH", "/v1/products/%s", `{"title":"Mine now"}`},
	{"DELETE", "/v1/products/%s", ""},
	{"GET", "/v1/products/%s/stock", ""},
	{"POST", "/v1/products/%s/stock", `{"delta":-1,"reason":"mine now"}`},
}

func TestFailure18_AnotherMerchantsProduct(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create()
	for _, route := range merchantRoutes {
		theirs := strings.Replace(route.path, "%s", p.ID, 1)
		t.Run(route.method+" "+route.path, func(t *testing.T) {
			another := a.Call(catalogtest.Stranger, route.method, theirs, route.body)
			operationtest.WantProblem(t, another, 404, "product_not_found")
			absent := a.Call(catalogtest.Stranger, route.method, strings.Replace(route.path, "%s", catalogtest.Missing, 1), route.body)
			if another.Body != absent.Body {
				t.Errorf("another's product can be told from none:\n%s%s", another.Body, absent.Body)
			}
			operationtest.WantProblem(t, a.Call(catalogtest.Stranger, route.method, strings.Replace(route.path, "%s", "prd_x", 1), route.body), 404, "product_not_found")
			operationtest.WantProblem(t, a.Call(catalogtest.Nobody, route.method, theirs, route.body), 401, "unauthenticated")
		})
	}
	for _, other := range []string{catalogtest.Merchant, catalogtest.Nowhere} {
		operationtest.WantProblem(t, a.Call(catalogtest.Stranger, "POST", "/v1/products", catalogtest.Draft("merchant_id", `"`+other+`"`)), 404, "merchant_not_found")
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Nobody, "POST", "/v1/products", catalogtest.Draft()), 401, "unauthenticated")
	if got := operationtest.Read[product.Body](t, a.Must(200, catalogtest.Nobody, "GET", "/v1/products/"+p.ID, "")); !cmp.Equal(p, got) {
		t.Errorf("the product is not what it was (-was +is):\n%s", cmp.Diff(p, got))
	}
	for _, i := range []int{0, 2, 3, 1} { // the last one archives it
		path := strings.Replace(merchantRoutes[i].path, "%s", p.ID, 1)
		if own := a.Call(catalogtest.Manager, merchantRoutes[i].method, path, merchantRoutes[i].body); own.Status >= 300 {
			t.Errorf("its own manager: %s %s: %d %s", merchantRoutes[i].method, path, own.Status, own.Body)
		}
	}
}

func TestViewersOnlyRead(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create()
	for _, route := range merchantRoutes {
		path := strings.Replace(route.path, "%s", p.ID, 1)
		if route.method == "GET" {
			a.Must(200, catalogtest.Viewer, route.method, path, route.body)
			continue
		}
		operationtest.WantProblem(t, a.Call(catalogtest.Viewer, route.method, path, route.body), 403, "role_too_low")
	}
	operationtest.WantProblem(t, a.Call(catalogtest.Viewer, "POST", "/v1/products", catalogtest.Draft("sku", `"other"`)), 403, "role_too_low")
	a.Must(204, catalogtest.Owner, "DELETE", "/v1/products/"+p.ID, "")
}

// A manager whose role waits for a second factor reads, and is told what is missing.
func TestManagersWithOneFactorOnlyRead(t *testing.T) {
	t.Parallel()
	a := catalogtest.OpenAPI(t)
	p := a.Create()
	for _, route := range merchantRoutes {
		path := strings.Replace(route.path, "%s", p.ID, 1)
		if route.method == "GET" {
			a.Must(200, catalogtest.Unproven, route.method, path, route.body)
			continue
		}
		operationtest.WantProblem(t, a.Call(catalogtest.Unproven, route.method, path, route.body), 403, "second_factor_required")
	}
}
