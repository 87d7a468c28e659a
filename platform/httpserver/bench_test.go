package httpserver_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"app/platform/database/dbtest"
	"app/platform/httpserver"
	"app/platform/identity"
)

// discard is the cheapest http.ResponseWriter.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

func bench(b *testing.B, h http.Handler, method, target, body string, headers ...string) {
	b.Helper()
	ctx := identity.NewContext(context.Background(), alice)
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
	a := catalog(httpserver.Options{})
	b.Run("endpoint", func(b *testing.B) { bench(b, a.Endpoint("get-product"), "GET", "/v1/products/prd_1", "") })
	b.Run("router", func(b *testing.B) { bench(b, a.Handler(), "GET", "/v1/products/prd_1", "") })
	b.Run("observed", func(b *testing.B) {
		o := httpserver.Observed{Handler: a.Endpoint("get-product"), Logger: slog.New(slog.DiscardHandler), Now: time.Now, Metrics: httpserver.NewMetrics(prometheus.NewRegistry())}
		bench(b, o, "GET", "/v1/products/prd_1", "")
	})
	b.Run("list", func(b *testing.B) { bench(b, a.Endpoint("list-products"), "GET", "/v1/products?limit=10&q=chair", "") })
}

func BenchmarkPost(b *testing.B) {
	bench(b, catalog(httpserver.Options{}).Endpoint("create-product"), "POST", "/v1/products", validBody)
}

func BenchmarkPostWithKey(b *testing.B) {
	r := replicas(dbtest.Open(b, httpserver.IdempotencyMigrations), 1, 0)[0]
	i := 0
	h := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		i++
		q.Header["Idempotency-Key"][0] = fmt.Sprintf("key-%d", i)
		r.ServeHTTP(w, q)
	})
	bench(b, h, "POST", checkoutPath, `{"email":"a@b.example"}`, "Idempotency-Key", "k")
}

// BenchmarkRegistration declares about as many operations as all modules together: part
// of every start.
func BenchmarkRegistration(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for range 12 {
			catalog(httpserver.Options{})
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	a := catalog(httpserver.Options{})
	for b.Loop() {
		if _, err := httpserver.Merge(a); err != nil {
			b.Fatal(err)
		}
	}
}
