package product_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"app/modules/catalog/internal/catalogtest"
	"app/platform/identity"
)

func BenchmarkGetProduct(b *testing.B) {
	a := catalogtest.OpenAPI(b)
	benchmark(b, a, "/v1/products/"+a.Create().ID)
}

func BenchmarkListProducts(b *testing.B) {
	a := catalogtest.OpenAPI(b)
	for i := range 100 {
		a.Create("sku", fmt.Sprintf(`"%d"`, i))
	}
	benchmark(b, a, "/v1/products?limit=20")
}

func benchmark(b *testing.B, a catalogtest.API, path string) {
	b.Helper()
	ctx := identity.NewContext(b.Context(), identity.Principal{UserID: catalogtest.Manager, Method: identity.Bearer})
	r := httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if a.ServeHTTP(w, r); w.Code != 200 {
			b.Fatal(w.Code, w.Body)
		}
	}
}
