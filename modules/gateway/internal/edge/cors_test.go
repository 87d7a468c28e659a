package edge_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/gateway/internal/edge"
)

const shopPages = "https://shop.example.com"

// crossing sends a request as a browser does for a page of an origin.
func crossing(t *testing.T, method, path string, headers map[string]string, listed ...string) *httptest.ResponseRecorder {
	t.Helper()
	g, _ := newGateway(t, nil)
	var err error
	if g.Cross, err = edge.NewCrossOrigins(listed); err != nil {
		t.Fatal(err)
	}
	for _, origin := range listed {
		if err := g.Origins.AddTrustedOrigin(origin); err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, http.NoBody)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

// allowed are the headers that tell a browser what it may do.
func allowed(w *httptest.ResponseRecorder) map[string]string {
	out := map[string]string{}
	for name := range w.Header() {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			out[name] = w.Header().Get(name)
		}
	}
	return out
}

func TestCrossOrigin_Preflight(t *testing.T) {
	t.Parallel()
	ask := func(origin string) map[string]string {
		return map[string]string{"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
	}
	const vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
	t.Run("OK", func(t *testing.T) {
		t.Parallel()
		w := crossing(t, http.MethodOptions, "/user", ask(shopPages), "https://other.example.com", shopPages)
		want := map[string]string{
			"Access-Control-Allow-Origin": shopPages, "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "POST",
			"Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Cart-Token",
			"Access-Control-Max-Age":       "7200", "Vary": vary,
			"Access-Control-Expose-Headers": "ETag, Location, Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id",
		}
		if diff := cmp.Diff(want, allowed(w)); diff != "" || w.Code != http.StatusNoContent || w.Body.Len() != 0 {
			t.Errorf("%d -want +got\n%s", w.Code, diff)
		}
	})
	for name, tc := range map[string]struct {
		path, origin string
		listed       []string
		status       int
	}{
		"ErrOtherOrigin":   {"/user", "https://evil.example", []string{shopPages}, 403},
		"ErrOtherScheme":   {"/user", "http://shop.example.com", []string{shopPages}, 403},
		"ErrSubdomain":     {"/user", "https://evil.shop.example.com", []string{shopPages}, 403},
		"ErrSuffix":        {"/user", shopPages + ".evil.example", []string{shopPages}, 403},
		"ErrOtherPort":     {"/user", shopPages + ":8443", []string{shopPages}, 403},
		"ErrNull":          {"/user", "null", []string{shopPages}, 403},
		"ErrNothingListed": {"/user", shopPages, nil, 403},
		"ErrNoSuchPath":    {"/nothing", shopPages, []string{shopPages}, 404},
		"ErrNotCanonical":  {"/user/..", shopPages, []string{shopPages}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := crossing(t, http.MethodOptions, tc.path, ask(tc.origin), tc.listed...)
			if w.Code != tc.status || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if got := allowed(w); tc.status == http.StatusForbidden && got["Access-Control-Allow-Origin"] != "" {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A request that needs no preflight is answered whoever asks; a page of another origin
// sees the reply only if it is listed.
func TestCrossOrigin_Request(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		origin string
		listed []string
		want   map[string]string
	}{
		"Listed": {shopPages, []string{shopPages}, map[string]string{
			"Access-Control-Allow-Origin": shopPages, "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
			"Access-Control-Expose-Headers": "ETag, Location, Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id",
		}},
		"NotListed":     {"https://evil.example", []string{shopPages}, map[string]string{"Vary": "Origin"}},
		"NoOrigin":      {"", []string{shopPages}, map[string]string{"Vary": "Origin"}},
		"NothingListed": {shopPages, nil, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			headers := map[string]string{"Authorization": "Bearer ada"}
			if tc.origin != "" {
				headers["Origin"] = tc.origin
			}
			w := crossing(t, http.MethodPost, "/user", headers, tc.listed...)
			if diff := cmp.Diff(tc.want, allowed(w)); diff != "" || w.Code != http.StatusOK {
				t.Errorf("%d -want +got\n%s", w.Code, diff)
			}
		})
	}
	t.Run("ProblemsAreSeenToo", func(t *testing.T) {
		t.Parallel()
		w := crossing(t, http.MethodPost, "/user", map[string]string{"Origin": shopPages}, shopPages)
		if w.Code != http.StatusUnauthorized || w.Header().Get("Access-Control-Allow-Origin") != shopPages {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
}

func TestNewCrossOrigins_Err(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{
		"*", "null", "", "shop.example.com", "https://", "https://shop.example.com/", "https://*.example.com", "https://Shop.example.com",
		"https://shop.example.com:443", "http://shop.example.com:80", "https://user@shop.example.com", "ftp://shop.example.com", "https://shop.example.com?x",
	} {
		if _, err := edge.NewCrossOrigins([]string{origin}); err == nil {
			t.Errorf("%q was taken", origin)
		}
	}
	if _, err := edge.NewCrossOrigins([]string{shopPages, "http://localhost:3000", "http://[::1]:3000"}); err != nil {
		t.Error(err)
	}
}
