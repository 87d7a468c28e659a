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

	"app/platform/fault"
	"app/platform/httpserver"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/operation/operationtest"
	"app/platform/problem"
)

const varied = "Authorization, Cookie, Cart-Token"

// spoken is an operation whose handler says what a test wants of caches.
func spoken(access operation.Access, method string, say http.HandlerFunc) http.Handler {
	api := operation.NewAPI("demo", operation.Options{})
	api.Raw(operation.Operation{Method: method, Path: "/x", Access: access, Rate: operation.RateDefault}, say)
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
	refuse := func(w http.ResponseWriter, r *http.Request) { problem.Write(w, r, fault.Missing("x")) }
	for name, tc := range map[string]struct {
		access      operation.Access
		method      string
		handler     http.HandlerFunc
		headers     []string
		cache, vary string
	}{
		"Public":              {operation.Public, "GET", say(), nil, "no-cache", varied},
		"PublicSilent":        {operation.Public, "GET", silent, nil, "no-cache", varied},
		"PublicNotModified":   {operation.Public, "GET", status(304), nil, "no-cache", varied},
		"HandlersChoice":      {operation.Public, "GET", say("Cache-Control", "public, max-age=300"), nil, "public, max-age=300", varied},
		"HandlerIsStricter":   {operation.Public, "GET", say("Cache-Control", "no-store"), nil, "no-store", varied},
		"HandlersVary":        {operation.Public, "GET", say("Vary", "Origin", "Vary", "Accept-Encoding"), nil, "no-cache", "Origin, Accept-Encoding, " + varied},
		"WithToken":           {operation.Public, "GET", say("Cache-Control", "public, max-age=300"), []string{"Authorization", "Bearer x"}, "no-store", ""},
		"WithForeign":         {operation.Public, "GET", say(), []string{"Authorization", "Basic x"}, "no-store", ""},
		"WithCookie":          {operation.Public, "GET", say(), []string{"Cookie", "a=b"}, "no-store", ""},
		"WithCart":            {operation.Public, "GET", say(), []string{"Cart-Token", "x"}, "no-store", ""},
		"NotModifiedWithCart": {operation.Public, "GET", status(304), []string{"Cart-Token", "x"}, "no-store", ""},
		"Problem":             {operation.Public, "GET", refuse, nil, "no-store", ""},
		"OtherStatus":         {operation.Public, "GET", status(404), nil, "no-store", ""},
		"Redirect":            {operation.Public, "GET", status(303), nil, "no-store", ""},
		"Part":                {operation.Public, "GET", status(206), nil, "no-store", ""},
		"Post":                {operation.Public, "POST", say("Cache-Control", "max-age=60"), nil, "no-store", ""},
		"Optional":            {operation.Optional, "GET", say("Cache-Control", "max-age=60"), nil, "no-store", ""},
		"User":                {operation.User, "GET", say(), nil, "no-store", ""},
		"Loopback":            {operation.Loopback, "GET", say(), nil, "no-store", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at, h := range map[string]http.Handler{"bare": spoken(tc.access, tc.method, tc.handler), "observed": observing(spoken(tc.access, tc.method, tc.handler))} {
				if at == "bare" && name == "PublicSilent" {
					continue // no reply begins
				}
				r := httptest.NewRequestWithContext(identity.NewContext(context.Background(), operationtest.Alice), tc.method, "/x", http.NoBody)
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
