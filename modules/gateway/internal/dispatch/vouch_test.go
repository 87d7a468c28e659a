package dispatch_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"app/modules/gateway/internal/dispatch"
	"app/platform/identity"
)

// guarded is a module process that checks what it is shown, and says how often it has
// answered.
type guarded struct {
	signer   *identity.Signer
	answered []string
	refuse   int // so many more requests as used, after they were
}

// ServeHTTP implements http.Handler.
func (g *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, err := g.signer.Verify(r.Header.Get(identity.AssertionHeader), "orders", identity.Request{
		Method: r.Method, Target: r.RequestURI, Header: r.Header, Body: body,
	})
	if err == nil && g.refuse > 0 {
		g.refuse, err = g.refuse-1, identity.ErrUsed
	}
	if err != nil {
		w.Header().Set(identity.AssertionHeader, identity.AssertionUsed)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	g.answered = append(g.answered, r.Method+" "+r.RequestURI+" "+string(body))
}

// Each request has an assertion of its own, whatever its method, query and body, and
// however its body came.
func TestFault10_TheGatewayVouchesForEachRequest(t *testing.T) {
	t.Parallel()
	module := &guarded{signer: newSigner(t)}
	server := httptest.NewServer(module)
	t.Cleanup(server.Close)
	base, _ := url.Parse(server.URL)
	remote := dispatch.NewRemote("orders", base, dispatch.NewTransport(), newSigner(t), slog.New(slog.DiscardHandler))
	send := func(method, target, body string, header http.Header) int {
		r := httptest.NewRequestWithContext(t.Context(), method, target, io.MultiReader(strings.NewReader(body))) // of unknown length
		r.Header = header
		w := httptest.NewRecorder()
		remote.ServeHTTP(w, r, declared)
		return w.Code
	}
	long := strings.Repeat("x", 100_000)
	for _, c := range []struct{ method, target, body string }{
		{"POST", "/v1/things/1", "{}"},
		{"POST", "/v1/things/1", "{}"},
		{"POST", "/v1/things/1?a=b%2Fc&d=;", long},
		{"GET", "/v1/things/caf%C3%A9", ""},
		{"DELETE", "/v1/things/1", ""},
	} {
		header := http.Header{
			"Cart-Token": {"t"}, "If-Match": {`"1"`, `"2"`}, "Idempotency-Key": {"k"}, "Connection": {"Cart-Token"}, "Accept": {"*/*"},
		}
		if status := send(c.method, c.target, c.body, header); status != http.StatusOK {
			t.Errorf("%s %s: %d", c.method, c.target, status)
		}
		if want := c.method + " " + c.target + " " + c.body; !slices.Contains(module.answered, want) {
			t.Errorf("%.60s did not arrive as it was", want)
		}
	}
}

// net/http sends a GET again by itself when its connection breaks. The module has seen
// the first assertion then; the request gets another one. A request with a body is
// never sent twice.
func TestFault10_ARepeatedReadIsVouchedForAnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, body string
		refused      int
		want, times  int
	}{
		"read":           {"GET", "", 1, http.StatusOK, 1},
		"read for ever":  {"GET", "", 9, http.StatusServiceUnavailable, 0},
		"write":          {"POST", "{}", 1, http.StatusServiceUnavailable, 0},
		"not used twice": {"POST", "{}", 0, http.StatusOK, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			module := &guarded{signer: newSigner(t), refuse: c.refused}
			server := httptest.NewServer(module)
			t.Cleanup(server.Close)
			base, _ := url.Parse(server.URL)
			remote := dispatch.NewRemote("orders", base, dispatch.NewTransport(), newSigner(t), slog.New(slog.DiscardHandler))
			w := httptest.NewRecorder()
			remote.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, "/v1/things/1", strings.NewReader(c.body)), declared)
			if w.Code != c.want || len(module.answered) != c.times {
				t.Errorf("%d, answered %v", w.Code, module.answered)
			}
		})
	}
}
