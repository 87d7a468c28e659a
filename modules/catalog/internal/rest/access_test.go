package rest_test

import (
	"strings"
	"testing"

	"app/modules/catalog/internal/rest"
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
	a := newAPI(t)
	p := a.product()
	for _, route := range merchantRoutes {
		theirs := strings.Replace(route.path, "%s", p.ID, 1)
		t.Run(route.method+" "+route.path, func(t *testing.T) {
			another := a.call(stranger, route.method, theirs, route.body)
			wantProblem(t, another, 404, "product_not_found")
			absent := a.call(stranger, route.method, strings.Replace(route.path, "%s", missing, 1), route.body)
			if another.Body != absent.Body {
				t.Errorf("another's product can be told from none:\n%s%s", another.Body, absent.Body)
			}
			wantProblem(t, a.call(stranger, route.method, strings.Replace(route.path, "%s", "prd_x", 1), route.body), 404, "product_not_found")
			wantProblem(t, a.call(nobody, route.method, theirs, route.body), 401, "unauthenticated")
		})
	}
	for _, other := range []string{merchant, nowhere} {
		wantProblem(t, a.call(stranger, "POST", "/v1/products", draft("merchant_id", `"`+other+`"`)), 404, "merchant_not_found")
	}
	wantProblem(t, a.call(nobody, "POST", "/v1/products", draft()), 401, "unauthenticated")
	if got := read[rest.Product](t, a.must(200, nobody, "GET", "/v1/products/"+p.ID, "")); got != p {
		t.Errorf("the product is %+v now, was %+v", got, p)
	}
	for _, i := range []int{0, 2, 3, 1} { // the last one archives it
		path := strings.Replace(merchantRoutes[i].path, "%s", p.ID, 1)
		if own := a.call(manager, merchantRoutes[i].method, path, merchantRoutes[i].body); own.Status >= 300 {
			t.Errorf("its own manager: %s %s: %d %s", merchantRoutes[i].method, path, own.Status, own.Body)
		}
	}
}

func TestViewersOnlyRead(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	p := a.product()
	for _, route := range merchantRoutes {
		path := strings.Replace(route.path, "%s", p.ID, 1)
		if route.method == "GET" {
			a.must(200, viewer, route.method, path, route.body)
			continue
		}
		wantProblem(t, a.call(viewer, route.method, path, route.body), 403, "role_too_low")
	}
	wantProblem(t, a.call(viewer, "POST", "/v1/products", draft("sku", `"other"`)), 403, "role_too_low")
	a.must(204, owner, "DELETE", "/v1/products/"+p.ID, "")
}

// A manager whose role waits for a second factor reads, and is told what is missing.
func TestManagersWithOneFactorOnlyRead(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	p := a.product()
	for _, route := range merchantRoutes {
		path := strings.Replace(route.path, "%s", p.ID, 1)
		if route.method == "GET" {
			a.must(200, unproven, route.method, path, route.body)
			continue
		}
		wantProblem(t, a.call(unproven, route.method, path, route.body), 403, "second_factor_required")
	}
}
