package edge_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"app/modules/gateway/internal/edge"
	"app/modules/gateway/internal/limit"
	"app/platform/operation"
)

// discard is the cheapest http.ResponseWriter.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkGateway is what the gateway itself takes for a request that somebody who is
// signed in sends.
func BenchmarkGateway(b *testing.B) {
	for name, remote := range map[string]bool{"local": false, "remote": true} {
		b.Run(name, func(b *testing.B) {
			op := operation.Operation{
				Method: http.MethodGet, Path: "/v1/products/{id}", Access: operation.Public, Rate: operation.RateDefault, Timeout: 15 * time.Second,
			}
			g := &edge.Gateway{
				Table:         edge.NewTable([]*edge.Entry{{Module: "catalog", Operation: op, Remote: remote, Serve: func(http.ResponseWriter, *http.Request, *operation.Operation) {}}}),
				Proxies:       edge.Proxies{netip.MustParsePrefix("10.0.0.0/8")},
				Authenticator: door{}, Origins: http.NewCrossOriginProtection(), Crowd: edge.NewCrowd(2048, 256),
				Limiter: limit.New(limit.Options{Quotas: limit.Quotas{operation.RateDefault: 1_000_000_000}, Keys: 50_000, Now: time.Now}),
			}
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/v1/products/prd_01m7wfdfmdf70t97dnvpejcs5a", http.NoBody)
			r.Header.Set("Authorization", "Bearer ada")
			w := &discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				g.ServeHTTP(w, r)
			}
		})
	}
}
