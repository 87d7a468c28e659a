package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"app/e2e/harness/shop"
	"app/platform/redistest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	shop.CleanUp()
	os.Exit(code)
}

// patience is how long a loaded machine may take.
const patience = time.Minute

// raw sends the very bytes to the shop and reads the reply.
func raw(t *testing.T, s *shop.Shop, request string) (*http.Response, string) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.Base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	return reply, string(body)
}

// Every reply tells browsers what they may do with it, whoever wrote it: a module here
// or elsewhere, the gateway, the health endpoints, or net/http itself.
func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	for _, shape := range []shop.Shape{shop.Local, shop.RPC} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			s := shop.Open(t, shape, map[string]string{"PUBLIC_URL": "https://shop.example", "CORS_ORIGINS": "https://pages.example"})
			for _, line := range []string{
				"GET / HTTP/1.1", "GET /docs HTTP/1.1", "GET /docs/problems HTTP/1.1", "GET /dev/mailbox HTTP/1.1", "GET /openapi.json HTTP/1.1",
				"GET /ready HTTP/1.1", "GET /live HTTP/1.1", "GET /nothing HTTP/1.1", "GET /v1/users/me HTTP/1.1", "BREW / HTTP/1.1", "GET //x HTTP/1.1",
				"GET /v1/products HTTP/1.1", "GET / HTTP/9.9", "GET /%zz HTTP/1.1", "OPTIONS * HTTP/1.1", "POST /v1/auth/login HTTP/1.1",
				"OPTIONS /v1/products HTTP/1.1\nOrigin: https://pages.example\nAccess-Control-Request-Method: GET",
			} {
				reply, _ := raw(t, s, line+"\nHost: shop.example\n\n")
				wantOnce(t, line, reply.Header, "X-Content-Type-Options", "nosniff")
				wantOnce(t, line, reply.Header, "X-Frame-Options", "DENY")
				wantOnce(t, line, reply.Header, "Referrer-Policy", "same-origin")
				wantOnce(t, line, reply.Header, "Cross-Origin-Opener-Policy", "same-origin")
				wantOnce(t, line, reply.Header, "Cross-Origin-Resource-Policy", "same-origin")
				wantOnce(t, line, reply.Header, "Strict-Transport-Security", "max-age=63072000; includeSubDomains")
				wantOnce(t, line, reply.Header, "Content-Security-Policy", "default-src 'none'")
				if !strings.Contains(reply.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
					t.Errorf("%s: %s", line, reply.Header.Get("Content-Security-Policy"))
				}
				if n := len(reply.Header.Values("X-Request-Id")); n > 1 {
					t.Errorf("%s: %d request ids", line, n)
				}
			}
		})
	}
	t.Run("PlainHTTP", func(t *testing.T) {
		t.Parallel()
		s := shop.Open(t, shop.Local, nil)
		if reply, _ := raw(t, s, "GET / HTTP/1.1\nHost: x\n\n"); reply.Header.Get("Strict-Transport-Security") != "" {
			t.Error("HSTS without TLS")
		}
	})
}

// wantOnce checks that a header is there once and begins with a text.
func wantOnce(t *testing.T, what string, h http.Header, name, begin string) {
	t.Helper()
	if values := h.Values(name); len(values) != 1 || !strings.HasPrefix(values[0], begin) {
		t.Errorf("%s: %s %q, want %q", what, name, values, begin)
	}
}

// What a client writes about itself and paths with more than one reading open nothing,
// in one process and between processes.
func TestFailure37_AtTheWholeShop(t *testing.T) {
	t.Parallel()
	for _, shape := range []shop.Shape{shop.Local, shop.RPC} {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			s := shop.Open(t, shape, nil)
			for _, path := range []string{
				"/v1/%2e%2e/dev/mailbox", "/v1/..%2fdev/mailbox", "/v1//users/me", "/v1/users/me;x=y", "/v1/users%2fme", "/v1/./users/me", "/v1/users%5cme",
				"/v1/%252e%252e/x", "//v1/users/me", "/v1/users/me%00",
			} {
				if reply, body := raw(t, s, "GET "+path+" HTTP/1.1\nHost: x\n\n"); reply.StatusCode != http.StatusBadRequest || !strings.Contains(body, "path_not_canonical") {
					t.Errorf("%s: %d %s", path, reply.StatusCode, body)
				}
			}
			for _, headers := range []string{
				"X-Identity: usr_admin", "X_Identity: usr_admin", "Connection: X-Identity\nX-Identity: usr_admin", "Souk-Assertion: forged\nSouk-Module: users",
				"Souk_Assertion: forged", "X-Forwarded-Prefix: /dev", "X-Original-Url: /dev/mailbox", "X-Http-Method-Override: DELETE",
				"Connection: Souk-Assertion, Authorization\nSouk-Assertion: forged", "X-Forwarded-For: 127.0.0.1", "X-Real-Ip: 127.0.0.1",
			} {
				if reply, body := raw(t, s, "GET /v1/users/me HTTP/1.1\nHost: x\n"+headers+"\n\n"); reply.StatusCode != http.StatusUnauthorized {
					t.Errorf("%q: %d %s", headers, reply.StatusCode, body)
				}
			}
			for _, path := range []string{"/rpc/users.v1.Users/Keys", "/events", "/internal"} {
				if reply, body := raw(t, s, "POST "+path+" HTTP/1.1\nHost: x\nContent-Length: 0\n\n"); reply.StatusCode != http.StatusNotFound {
					t.Errorf("%s: %d %s", path, reply.StatusCode, body)
				}
			}
		})
	}
}

// Too much of anything is refused as a problem, and the shop goes on.
func TestFailure39_AtTheWholeShop(t *testing.T) {
	t.Parallel()
	s := shop.Open(t, shop.Local, nil)
	for name, tc := range map[string]struct{ request, want string }{
		"Body":        {"POST /v1/auth/login HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 100000\n\n", "413 body_too_large"},
		"ChunkedBody": {"POST /v1/auth/login HTTP/1.1\nHost: x\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n5000\n" + strings.Repeat("x", 0x5000) + "\n0\n\n", "413 body_too_large"},
		"HeaderBytes": {"GET / HTTP/1.1\nHost: x\nX: " + strings.Repeat("x", 20<<10) + "\n\n", "431 header_too_large"},
		"HeaderLines": {"GET / HTTP/1.1\nHost: x\n" + strings.Repeat("X: y\n", 200) + "\n", "431 header_too_large"},
	} {
		reply, body := raw(t, s, tc.request)
		status, code, _ := strings.Cut(tc.want, " ")
		if fmt.Sprint(reply.StatusCode) != status || !strings.Contains(body, `"`+code+`"`) || reply.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", name, reply.StatusCode, body)
		}
	}
	if reply, _ := raw(t, s, "GET /v1/products HTTP/1.1\nHost: x\n\n"); reply.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %d", reply.StatusCode)
	}
}

// Two processes of the shop with one Redis have one limit.
func TestGatewaysShareOneLimit(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	settings := map[string]string{"RATE_LIMIT": "on", "GATEWAY_RATE_AUTH": "1", "REDIS_URL": redis.URL()}
	shops := []*shop.Shop{shop.OpenProcess(t, settings), shop.OpenProcess(t, settings)}
	const burst = 5 // of one a minute
	begun, served := time.Now(), 0
	for i := range 4 * burst {
		reply, err := shops[i%2].Do(t.Context(), http.MethodPost, "/v1/auth/login", map[string]string{"email": "ada@example.com", "password": "x"})
		switch {
		case err != nil:
			t.Fatal(err)
		case reply.Status == http.StatusUnauthorized:
			served++
		case reply.Status != http.StatusTooManyRequests || reply.Header.Get("Retry-After") == "" || !strings.HasPrefix(reply.Header.Get("RateLimit"), `"auth";r=0;t=`):
			t.Fatalf("%d %v", reply.Status, reply.Header)
		}
	}
	most := burst + int(time.Since(begun)/time.Minute)
	if shops[0].Said("redis does not answer") || shops[1].Said("redis does not answer") {
		most *= len(shops) // on a busy machine: a gateway that gets no answer in time counts alone
	}
	if served < burst || served > most {
		t.Errorf("%d sign-ins were looked at, want %d to %d", served, burst, most)
	}
}

// TRACE, which would show what a browser sends, is no method of anything here.
func TestTraceIsRefused(t *testing.T) {
	t.Parallel()
	s := shop.Open(t, shop.Local, nil)
	for _, path := range []string{"/", "/v1/products", "/v1/users/me", "/ready"} {
		reply, body := raw(t, s, "TRACE "+path+" HTTP/1.1\nHost: x\nCookie: secret=1\n\n")
		if reply.StatusCode < 400 || strings.Contains(body, "secret=1") {
			t.Errorf("%s: %d %s", path, reply.StatusCode, body)
		}
	}
}
