package idempotency_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"app/platform/database/dbtest"
	"app/platform/idempotency"
	"app/platform/identity"
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

func BenchmarkPostWithKey(b *testing.B) {
	r := replicas(dbtest.Open(b, idempotency.Migrations), 1, 0)[0]
	i := 0
	h := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		i++
		q.Header["Idempotency-Key"][0] = fmt.Sprintf("key-%d", i)
		r.ServeHTTP(w, q)
	})
	bench(b, h, "POST", checkoutPath, `{"email":"a@b.example"}`, "Idempotency-Key", "k")
}
