package edge_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"app/modules/gateway/internal/edge"
	"app/platform/operation"
)

func TestFault03_APathHasOneReading(t *testing.T) {
	t.Parallel()
	for name, paths := range map[string][]string{
		"UnreservedEscaped": {"/%64ev/mailbox.json", "/d%65v", "/%44ev", "/v1/orders/%30", "/v1/a%2Db", "/v1/a%5fb", "/v1/a%7Eb", "/v1/a%2eb"},
		"DotSegments":       {"/v1/./orders", "/v1/../dev", "/v1/%2e%2e/dev", "/v1/.%2e/dev", "/v1/..", "/v1/..."},
		"TrailingDots":      {"/dev./mailbox", "/v1/orders.", "/v1/orders/x..", "/v1/orders./"},
		"Parameters":        {"/dev;x=1/mailbox", "/v1/orders;", "/v1/orders%3Bx", "/v1/orders%3bx"},
		"Delimiters":        {"/v1/orders%3Fid=1", "/v1/orders%23x", "/v1/orders%2Fx", "/v1/orders%5Cx", `/v1/orders\x`, "/v1/orders?", "/v1/orders#"},
		"DoubleEncoding":    {"/v1/%252e%252e/x", "/v1/%2564ev", "/v1/100%25"},
		"Overlong":          {"/v1/%C0%AF", "/v1/%c0%ae%c0%ae/x", "/v1/%E0%80%AF", "/v1/%F0%80%80%AF", "/v1/%C1%A4ev"},
		"NotUTF8":           {"/v1/%FF", "/v1/caf%E9", "/v1/%ED%A0%80", "/v1/%C3", "/v1/%80"},
		"Controls":          {"/v1/%00", "/v1/%1F", "/v1/%7f", "/v1/%0d%0a", "/v1/%C2%85", "/v1/a\tb", "/v1/a b"},
		"NotOfAPath":        {`/v1/a"b`, "/v1/<a>", "/v1/{id}", "/v1/a|b", "/v1/a^b", "/v1/[a]", "/v1/a`b", "/v1/café"},
		"BadEscapes":        {"/v1/%", "/v1/%4", "/v1/%zz", "/v1/%u0064ev", "/v1/%C3%"},
		"EmptySegments":     {"//dev/mailbox", "/v1//dev", "///"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, path := range paths {
				if edge.Canonical(path) {
					t.Errorf("%q passed", path)
				}
			}
		})
	}
	t.Run("OK", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{
			"/", "/dev/mailbox.json", "/.well-known/jwks.json", "/v1/orders/", "/v1/caf%C3%A9", "/v1/caf%c3%a9", "/v1/a%20b", "/v1/ada@example.com",
			"/v1/ada%40example.com", "/v1/a:b,c+d=e!", "/v1/%E5%B1%B1", "/v1/a..b",
		} {
			if !edge.Canonical(path) {
				t.Errorf("%q was refused", path)
			}
		}
	})
}

// The gateway looks at the bytes that came, and not at what net/url makes of them; the
// query may hold what it wants.
func TestFault03_AtTheGateway(t *testing.T) {
	t.Parallel()
	g, _ := newGateway(t, nil)
	g.DevPages = true
	for target, want := range map[string]int{
		"/public": 200, "/public?next=/%64ev/../x;y": 200, "http://shop.example/public": 200, "https://other.example/public": 200,
		"/%70ublic": 400, "/publi%63": 400, `/a"b`: 400, "/a{b}%C3%A9": 400, "http://shop.example/%70ublic": 400,
		"http://ada:secret@shop.example/public": 400, "ftp://shop.example/public": 400,
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(""))
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL, r.RequestURI = u, target
		w := httptest.NewRecorder()
		if g.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

// FuzzCanonical: what passes has the same segments for net/url, gorilla/mux, the table
// and a proxy's server.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		"/v1/orders/ord_1", "/%64ev/x/y", "/a/b%2Fc/d", "/v1/caf%C3%A9/x", "/v1/caf%c3%a9/%E5%B1%B1", "/v1/%C0%AF/x", "/a;b/c/d", "/a/./b", `/a/"/b`, "/a/b/c.",
	} {
		f.Add(seed)
	}
	var forwarded string
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "module" },
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			forwarded = r.URL.RequestURI()
			return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}),
	}
	table := edge.NewTable([]*edge.Entry{{Operation: operation.Operation{Method: http.MethodGet, Path: "/{a}/{b}/{c}"}}})
	router := mux.NewRouter().SkipClean(true)
	var vars map[string]string
	router.HandleFunc("/{a}/{b}/{c}", func(_ http.ResponseWriter, r *http.Request) { vars = mux.Vars(r) })
	f.Fuzz(func(t *testing.T, path string) {
		if !edge.Canonical(path) {
			return
		}
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" || u.RawQuery != "" || u.EscapedPath() != path {
			t.Fatalf("%q is %+v to net/url, %v", path, u, err)
		}
		if a, b := strings.Count(u.Path, "/"), strings.Count(path, "/"); a != b {
			t.Fatalf("%q has %d slashes, %d once it is read", path, b, a)
		}
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.URL, r.RequestURI = u, path
		proxy.ServeHTTP(httptest.NewRecorder(), r)
		if forwarded != path {
			t.Fatalf("%q is forwarded as %q", path, forwarded)
		}
		vars = nil
		router.ServeHTTP(httptest.NewRecorder(), r.Clone(r.Context()))
		entry, _, _ := table.Find(r)
		if (entry == nil) != (vars == nil) {
			t.Fatalf("%q: the table finds %v, gorilla/mux %v", path, entry, vars)
		}
		for name, value := range vars {
			if r.PathValue(name) != value {
				t.Fatalf("%q: %s is %q to the table and %q to gorilla/mux", path, name, r.PathValue(name), value)
			}
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
