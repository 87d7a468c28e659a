package edge_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"app/modules/gateway/internal/edge"
	"app/platform/operation"
)

func TestFailure37_NonCanonicalPathsAreRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "v1/orders", "/v1//orders", "//v1/orders", "/v1/./orders", "/v1/../admin", "/v1/orders/..", "/v1/orders/.",
		"/v1/%2e%2e/admin", "/v1/%2E./admin", "/v1/orders%2fx", "/v1/orders%2Fx", "/v1/orders%5cx", "/v1/orders\\x",
		"/v1/orders%00", "/v1/orders;a=b", "/v1/orders%", "/v1/orders%4", "/v1/orders%zz", "/v1/%252e%252e/x",
		"/v1/orders\x00", "/v1/orders\x7f", "/v1/or ders", "/v1/orders%0d%0aX: y", "/v1/ordérs",
	} {
		if edge.Canonical(path) {
			t.Errorf("%q passed", path)
		}
	}
	for _, path := range []string{"/", "/v1/orders", "/v1/orders/ord_01kan4v6e8fx2s1gq0vj5t3x7c", "/.well-known/jwks.json", "/v1/caf%C3%A9", "/dev/mailbox.json"} {
		if !edge.Canonical(path) {
			t.Errorf("%q was refused", path)
		}
	}
}

func TestClientIP(t *testing.T) {
	t.Parallel()
	trusted := edge.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for name, tc := range map[string]struct {
		peer, forwarded, want string
		proxies               edge.Proxies
	}{
		"NoProxy":                  {"203.0.113.9:1", "", "203.0.113.9", trusted},
		"SpoofedWithoutProxy":      {"203.0.113.9:1", "6.6.6.6", "203.0.113.9", trusted},
		"OneProxy":                 {"10.1.1.1:1", "203.0.113.9", "203.0.113.9", trusted},
		"SpoofedThroughProxy":      {"10.1.1.1:1", "6.6.6.6, 203.0.113.9", "203.0.113.9", trusted},
		"TwoProxies":               {"10.1.1.1:1", "6.6.6.6, 203.0.113.9, 10.2.2.2", "203.0.113.9", trusted},
		"Rubbish":                  {"10.1.1.1:1", "not an address", "10.1.1.1", trusted},
		"NothingTrusted":           {"10.1.1.1:1", "203.0.113.9", "10.1.1.1", nil},
		"IPv6":                     {"[::1]:1", "2001:db8::7", "2001:db8::7", trusted},
		"IPv4InIPv6":               {"[::ffff:203.0.113.9]:1", "", "203.0.113.9", trusted},
		"UnreadableBehindATrusted": {"10.1.1.1:1", "6.6.6.6, unknown, 10.2.2.2", "10.2.2.2", trusted},
		"RubbishBehindTheClient":   {"10.1.1.1:1", "evil, 203.0.113.9", "203.0.113.9", trusted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.RemoteAddr = tc.peer
			if tc.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tc.forwarded)
			}
			if got := tc.proxies.ClientIP(r).String(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestFault23_EntriesWithPorts(t *testing.T) {
	t.Parallel()
	trusted := edge.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	for entry, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "203.0.113.7:4711": "203.0.113.7", `"203.0.113.7:4711"`: "203.0.113.7", "203.0.113.7:_gazonk": "203.0.113.7",
		"2001:db8::1": "2001:db8::1", "[2001:db8::1]": "2001:db8::1", "[2001:db8::1]:4711": "2001:db8::1", `"[2001:db8::1]"`: "2001:db8::1",
		`"[2001:db8::1]:4711"`: "2001:db8::1", "[::ffff:203.0.113.7]:4711": "203.0.113.7", "[fe80::1%eth0]:1": "fe80::1",
		"6.6.6.6:1, 203.0.113.7:2, 10.2.2.2:3": "203.0.113.7", "203.0.113.7:1, [2001:db8:ffff::9]:443": "203.0.113.7",
		", 203.0.113.7:1, ,": "203.0.113.7", " \t203.0.113.7:1\t ": "203.0.113.7",
		// What is no address is not believed, and nothing before it is.
		"unknown": "10.1.1.1", "_hidden": "10.1.1.1", "6.6.6.6, _hidden": "10.1.1.1", "203.0.113.7:": "10.1.1.1", "203.0.113.7:x": "10.1.1.1", "203.0.113.7:123456": "10.1.1.1",
		"203.0.113.7:1:2": "10.1.1.1", "[203.0.113.7]": "10.1.1.1", "[2001:db8::1": "10.1.1.1", "[2001:db8::1]x": "10.1.1.1", "203.0.113": "10.1.1.1", `"`: "10.1.1.1",
		"203.0.113.7:_": "10.1.1.1", "203.0.113.7:_ü": "10.1.1.1",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = "10.1.1.1:1"
		r.Header.Set("X-Forwarded-For", entry)
		if got := trusted.ClientIP(r).String(); got != want {
			t.Errorf("%q: %s, want %s", entry, got, want)
		}
	}
}

// A mistake in the configuration of proxies is told once, and strangers cannot fill a
// log with it.
func TestFault23_ForwardingMistakesAreToldOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	g, _ := newGateway(t, nil)
	g.Proxies, g.Logger = edge.Proxies{netip.MustParsePrefix("10.0.0.0/8")}, slog.New(slog.NewTextHandler(&log, nil))
	ask := func(peer, forwarded string) {
		r := httptest.NewRequest(http.MethodPost, "/public", http.NoBody)
		r.RemoteAddr = peer
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		g.ServeHTTP(httptest.NewRecorder(), r)
	}
	ask("10.1.1.1:1", "203.0.113.7:4711")
	ask("203.0.113.9:1", "")
	if log.Len() != 0 {
		t.Errorf("nothing is wrong: %s", log.String())
	}
	for range 3 {
		ask("10.1.1.1:1", "203.0.113.7, unknown\xff")
		ask("203.0.113.9:1", "6.6.6.6")
	}
	for _, want := range []string{"has an entry that is no address", "not in TRUSTED_PROXIES"} {
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("%q is told %d times: %s", want, n, log.String())
		}
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{"203.0.113.9": "203.0.113.9", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64"} {
		if got := edge.Network(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s counts as %s, want %s", addr, got, want)
		}
	}
}

func newTable() *edge.Table {
	var entries []*edge.Entry
	for _, op := range []operation.Operation{
		{Method: http.MethodGet, Path: "/"},
		{Method: http.MethodGet, Path: "/v1/orders/{id}", ID: "get"},
		{Method: http.MethodPut, Path: "/v1/carts/{id}/lines/{product_id}", ID: "put"},
		{Method: http.MethodDelete, Path: "/v1/carts/{id}/lines/{product_id}", ID: "delete"},
		{Method: http.MethodGet, Path: "/v1/emails/templates", ID: "templates"},
		{Method: http.MethodGet, Path: "/v1/emails/{id}", ID: "letter"},
		{Method: http.MethodPost, Path: "/v1/payments/{id}/refund", ID: "refund"},
		{Method: http.MethodPost, Path: "/v1/payments/webhooks/{provider}", ID: "webhook"},
	} {
		entries = append(entries, &edge.Entry{Operation: op})
	}
	return edge.NewTable(entries)
}

func TestTable(t *testing.T) {
	t.Parallel()
	table := newTable()
	t.Run("OK", func(t *testing.T) {
		t.Parallel()
		r := httptest.NewRequest(http.MethodPut, "/v1/carts/crt_1/lines/prd_2?x=y", http.NoBody)
		e, problem, _ := table.Find(r)
		if problem != nil || e.Operation.ID != "put" || r.PathValue("id") != "crt_1" || r.PathValue("product_id") != "prd_2" {
			t.Errorf("%+v, %v, %q, %q", e, problem, r.PathValue("id"), r.PathValue("product_id"))
		}
	})
	t.Run("RemoteModulesReadThePathThemselves", func(t *testing.T) {
		t.Parallel()
		table := edge.NewTable([]*edge.Entry{{Remote: true, Operation: operation.Operation{Method: http.MethodGet, Path: "/v1/products/{id}"}}})
		r := httptest.NewRequest(http.MethodGet, "/v1/products/prd_1", http.NoBody)
		if e, problem, _ := table.Find(r); e == nil || r.PathValue("id") != "" {
			t.Errorf("%+v, %v, %q", e, problem, r.PathValue("id"))
		}
	})
	t.Run("LiteralBeforeParameter", func(t *testing.T) {
		t.Parallel()
		e, _, _ := table.Find(httptest.NewRequest(http.MethodGet, "/v1/emails/templates", http.NoBody))
		if e == nil || e.Operation.ID != "templates" {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("LiteralThatLeadsNowhereGivesWay", func(t *testing.T) {
		t.Parallel()
		r := httptest.NewRequest(http.MethodPost, "/v1/payments/pay_1/refund", http.NoBody)
		if e, _, _ := table.Find(r); e == nil || e.Operation.ID != "refund" || r.PathValue("id") != "pay_1" {
			t.Errorf("got %+v, %q", e, r.PathValue("id"))
		}
		r = httptest.NewRequest(http.MethodPost, "/v1/payments/webhooks/test", http.NoBody)
		if e, _, _ := table.Find(r); e == nil || e.Operation.ID != "webhook" || r.PathValue("provider") != "test" {
			t.Errorf("got %+v, %q", e, r.PathValue("provider"))
		}
	})
	for name, tc := range map[string]struct {
		method, path string
		status       int
		allow        []string
	}{
		"ErrNotFound":      {http.MethodGet, "/v1/nothing", 404, nil},
		"ErrBelowRoot":     {http.MethodGet, "/x", 404, nil},
		"ErrTrailingSlash": {http.MethodGet, "/v1/orders/ord_1/", 404, nil},
		"ErrMethod":        {http.MethodPost, "/v1/carts/crt_1/lines/prd_2", 405, []string{"DELETE", "PUT"}},
		"ErrWithinAPath":   {http.MethodGet, "/v1/orders", 404, nil},
		"ErrUnknownMethod": {"BREW", "/v1/orders/ord_1", 405, []string{"GET", "HEAD"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, problem, allow := table.Find(httptest.NewRequest(tc.method, tc.path, http.NoBody))
			if e != nil || problem == nil || problem.Status != tc.status || !slices.Equal(allow, tc.allow) {
				t.Errorf("%+v, %v, %v", e, problem, allow)
			}
		})
	}
}
