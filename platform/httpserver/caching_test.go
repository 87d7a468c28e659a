package httpserver_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"app/platform/fault"
	"app/platform/httpserver"
	"app/platform/identity"
)

const varied = "Authorization, Cookie, Cart-Token"

// spoken is an operation whose handler says what a test wants of caches.
func spoken(access httpserver.Access, method string, say http.HandlerFunc) http.Handler {
	api := httpserver.NewAPI("demo", httpserver.Options{})
	api.Raw(httpserver.Operation{Method: method, Path: "/x", Access: access, Rate: httpserver.RateDefault}, say)
	return api.Handler()
}

// observing is how a listener serves a handler.
func observing(h http.Handler) http.Handler {
	return httpserver.Observed{Handler: h, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
}

func TestFault12_OneDecisionAboutCaching(t *testing.T) {
	t.Parallel()
	say := func(headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Add(headers[i], headers[i+1])
			}
			_, _ = io.WriteString(w, "{}")
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	silent := func(http.ResponseWriter, *http.Request) {}
	problem := func(w http.ResponseWriter, r *http.Request) { httpserver.WriteProblem(w, r, fault.Missing("x")) }
	for name, tc := range map[string]struct {
		access      httpserver.Access
		method      string
		handler     http.HandlerFunc
		headers     []string
		cache, vary string
	}{
		"Public":              {httpserver.Public, "GET", say(), nil, "no-cache", varied},
		"PublicSilent":        {httpserver.Public, "GET", silent, nil, "no-cache", varied},
		"PublicNotModified":   {httpserver.Public, "GET", status(304), nil, "no-cache", varied},
		"HandlersChoice":      {httpserver.Public, "GET", say("Cache-Control", "public, max-age=300"), nil, "public, max-age=300", varied},
		"HandlerIsStricter":   {httpserver.Public, "GET", say("Cache-Control", "no-store"), nil, "no-store", varied},
		"HandlersVary":        {httpserver.Public, "GET", say("Vary", "Origin", "Vary", "Accept-Encoding"), nil, "no-cache", "Origin, Accept-Encoding, " + varied},
		"WithToken":           {httpserver.Public, "GET", say("Cache-Control", "public, max-age=300"), []string{"Authorization", "Bearer x"}, "no-store", ""},
		"WithForeign":         {httpserver.Public, "GET", say(), []string{"Authorization", "Basic x"}, "no-store", ""},
		"WithCookie":          {httpserver.Public, "GET", say(), []string{"Cookie", "a=b"}, "no-store", ""},
		"WithCart":            {httpserver.Public, "GET", say(), []string{"Cart-Token", "x"}, "no-store", ""},
		"NotModifiedWithCart": {httpserver.Public, "GET", status(304), []string{"Cart-Token", "x"}, "no-store", ""},
		"Problem":             {httpserver.Public, "GET", problem, nil, "no-store", ""},
		"OtherStatus":         {httpserver.Public, "GET", status(404), nil, "no-store", ""},
		"Redirect":            {httpserver.Public, "GET", status(303), nil, "no-store", ""},
		"Part":                {httpserver.Public, "GET", status(206), nil, "no-store", ""},
		"Post":                {httpserver.Public, "POST", say("Cache-Control", "max-age=60"), nil, "no-store", ""},
		"Optional":            {httpserver.Optional, "GET", say("Cache-Control", "max-age=60"), nil, "no-store", ""},
		"User":                {httpserver.User, "GET", say(), nil, "no-store", ""},
		"Loopback":            {httpserver.Loopback, "GET", say(), nil, "no-store", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at, h := range map[string]http.Handler{"bare": spoken(tc.access, tc.method, tc.handler), "observed": observing(spoken(tc.access, tc.method, tc.handler))} {
				if at == "bare" && name == "PublicSilent" {
					continue // no reply begins
				}
				r := httptest.NewRequestWithContext(identity.NewContext(context.Background(), alice), tc.method, "/x", http.NoBody)
				for i := 0; i+1 < len(tc.headers); i += 2 {
					r.Header.Set(tc.headers[i], tc.headers[i+1])
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if got := strings.Join(w.Header()["Cache-Control"], "|"); got != tc.cache {
					t.Errorf("%s: Cache-Control %q, want %q", at, got, tc.cache)
				}
				if got := strings.Join(w.Header()["Vary"], ", "); got != tc.vary {
					t.Errorf("%s: Vary %q, want %q", at, got, tc.vary)
				}
			}
		})
	}
	t.Run("NoOperation", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		observing(say()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", http.NoBody))
		if got := w.Header()["Cache-Control"]; len(got) != 1 || got[0] != "no-store" {
			t.Errorf("%q", got)
		}
	})
}
