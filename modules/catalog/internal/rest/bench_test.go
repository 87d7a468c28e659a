package rest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"app/platform/identity"
)

func BenchmarkGetProduct(b *testing.B) {
	a := newAPI(b)
	benchmark(b, a, "/v1/products/"+a.product().ID)
}

func BenchmarkListProducts(b *testing.B) {
	a := newAPI(b)
	for i := range 100 {
		a.product("sku", fmt.Sprintf(`"%d"`, i))
	}
	benchmark(b, a, "/v1/products?limit=20")
}

func benchmark(b *testing.B, a api, path string) {
	b.Helper()
	ctx := identity.NewContext(b.Context(), identity.Principal{UserID: manager, Method: identity.Bearer})
	r := httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if a.ServeHTTP(w, r); w.Code != 200 {
			b.Fatal(w.Code, w.Body)
		}
	}
}
