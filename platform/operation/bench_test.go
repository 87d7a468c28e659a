package operation_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/httpserver"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/operation/openapi"
	"app/platform/operation/operationtest"
)

// discard is the cheapest http.ResponseWriter.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

func bench(b *testing.B, h http.Handler, method, target, body string, headers ...string) {
	b.Helper()
	ctx := identity.NewContext(context.Background(), operationtest.Alice)
	r := httptest.NewRequestWithContext(ctx, method, target, nil)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.SetPathValue("id", "prd_1")
	w := &discard{http.Header{}}
	reader := strings.NewReader(body)
	r.Body = io.NopCloser(reader)
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

func BenchmarkGet(b *testing.B) {
	a := catalog(operation.Options{})
	b.Run("endpoint", func(b *testing.B) { bench(b, a.Endpoint("get-product"), "GET", "/v1/products/prd_1", "") })
	b.Run("router", func(b *testing.B) { bench(b, a.Handler(), "GET", "/v1/products/prd_1", "") })
	b.Run("observed", func(b *testing.B) {
		o := httpserver.Observed{Handler: a.Endpoint("get-product"), Logger: slog.New(slog.DiscardHandler), Now: time.Now, Metrics: httpserver.NewMetrics(prometheus.NewRegistry())}
		bench(b, o, "GET", "/v1/products/prd_1", "")
	})
	b.Run("list", func(b *testing.B) { bench(b, a.Endpoint("list-products"), "GET", "/v1/products?limit=10&q=chair", "") })
}

func BenchmarkPost(b *testing.B) {
	bench(b, catalog(operation.Options{}).Endpoint("create-product"), "POST", "/v1/products", validBody)
}

// BenchmarkRegistration declares about as many operations as all modules together: part
// of every start.
func BenchmarkRegistration(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for range 12 {
			catalog(operation.Options{})
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	a := catalog(operation.Options{})
	for b.Loop() {
		if _, err := openapi.Merge(a); err != nil {
			b.Fatal(err)
		}
	}
}
