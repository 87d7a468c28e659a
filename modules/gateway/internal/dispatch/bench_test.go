package dispatch_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"app/modules/gateway/internal/dispatch"
	"app/platform/callctx"
	"app/platform/exchange"
	"app/platform/identity"
)

// discard is the cheapest http.ResponseWriter.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// canned is a module that answers everything at once with a product.
type canned []byte

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(c)), Body: io.NopCloser(bytes.NewReader(c)),
		Header: http.Header{"Content-Type": {"application/json"}, "Etag": {`"1"`}, "X-Request-Id": {"req_ours"}},
	}, nil
}

// BenchmarkRemote is what the gateway itself takes to hand a request to another
// process.
func BenchmarkRemote(b *testing.B) {
	signer, err := identity.NewSigner(bytes.Repeat([]byte{1}, 32), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	base := &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}
	remote := dispatch.NewRemote("catalog", base, canned(bytes.Repeat([]byte{'x'}, 500)), signer, slog.New(slog.DiscardHandler))
	ctx := callctx.WithRequestID(b.Context(), "req_01m7wfdfmdf70t97dnvpejcs5a")
	ctx = identity.NewContext(ctx, identity.Principal{UserID: "usr_01m7wfdfmdf70t97dnvpejcs5a", Method: identity.Bearer})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/products/prd_01m7wfdfmdf70t97dnvpejcs5a", http.NoBody)
	r.Header.Set("Authorization", "Bearer ada")
	r.Header.Set(exchange.ClientHeader, "0123456789abcdef0123456789abcdef")
	r.Header.Set(exchange.NetworkHeader, "192.0.2.0/24")
	w := &discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		remote.ServeHTTP(w, r, declared)
	}
}
