package dispatch_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"app/modules/gateway/internal/dispatch"
	"app/platform/callctx"
	"app/platform/httpserver"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/problem"
	"app/platform/rpc/rpctest"
)

var declared = &operation.Operation{Method: http.MethodPost, Path: "/v1/things/{id}", Headers: []string{"Souk-Signature"}, MaxBody: 1 << 20}

func newSigner(t *testing.T) *identity.Signer {
	t.Helper()
	s, err := identity.NewSigner(bytes.Repeat([]byte{1}, 32), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newGateway serves the remote as a gateway would, for the principal.
func newGateway(t *testing.T, module string, p identity.Principal) *httptest.Server {
	t.Helper()
	base, err := url.Parse(module)
	if err != nil {
		t.Fatal(err)
	}
	transport := dispatch.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	remote := dispatch.NewRemote("orders", base, transport, newSigner(t), slog.New(slog.DiscardHandler))
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := identity.NewContext(callctx.WithRequestID(r.Context(), "req_ours"), p)
		remote.ServeHTTP(w, r.WithContext(ctx), declared)
	}))
	t.Cleanup(gateway.Close)
	return gateway
}

// sendRaw sends the very bytes and returns the reply, so that nothing tidies them up
// on the way.
func sendRaw(t *testing.T, server *httptest.Server, request string) *http.Response {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reply.Body.Close() })
	return reply
}

// Whatever a client writes about itself is inert: what the module gets is the gateway's
// word, and the path it authorised.
func TestFailure37_ClientHeadersDoNotCross(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[http.Request]
	module := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen.Store(r.Clone(context.Background())) }))
	t.Cleanup(module.Close)
	ada := identity.Principal{UserID: "usr_ada", Method: identity.Bearer}
	gateway := newGateway(t, module.URL, ada)
	sendRaw(t, gateway, `POST /v1/things/caf%C3%A9?q=a%2Fb&x=;y HTTP/1.1
Host: evil.example
Connection: close, Souk-Assertion, Souk-Module, X-Request-Id
Souk-Assertion: forged
Souk_Assertion: forged
Souk-Module: users
Souk-Idempotency: forged
X-Request-Id: req_theirs
X-Identity: usr_admin
X_Identity: usr_admin
X-Forwarded-For: 6.6.6.6
X-Forwarded-Host: evil.example
X-Forwarded-Proto: https
X-Forwarded-Prefix: /admin
X-Real-Ip: 6.6.6.6
Forwarded: for=6.6.6.6
Authorization: Bearer secret
Cookie: session=secret
Te: trailers
Content-Type: application/json
Idempotency-Key: k
Souk-Signature: s
Content-Length: 2

{}`)
	got := seen.Load()
	if got == nil {
		t.Fatal("the module got nothing")
	}
	allowed := map[string]string{
		"Souk-Module": "orders", "X-Request-Id": "req_ours", "Content-Type": "application/json", "Content-Length": "2",
		"Idempotency-Key": "k", "Souk-Signature": "s",
	}
	for name := range got.Header {
		if name == identity.AssertionHeader {
			continue
		}
		if want, ok := allowed[name]; !ok || got.Header.Get(name) != want {
			t.Errorf("%s: %q reached the module", name, got.Header.Get(name))
		}
	}
	assertion, err := newSigner(t).Verify(got.Header.Get(identity.AssertionHeader), "orders", identity.Request{
		Method: got.Method, Target: got.RequestURI, Header: got.Header, Body: []byte("{}"),
	})
	if err != nil || assertion.Principal.UserID != "usr_ada" || assertion.Caller != "gateway" || assertion.RequestID != "req_ours" {
		t.Errorf("%+v, %v", assertion, err)
	}
	if got.RequestURI != "/v1/things/caf%C3%A9?q=a%2Fb&x=;y" || strings.Contains(got.Host, "evil") {
		t.Errorf("asked for %s at %s", got.RequestURI, got.Host)
	}
}

// A reply has each header once: what the module says, or else what the gateway has
// preset.
func TestRemote_ModuleDecidesItsHeaders(t *testing.T) {
	t.Parallel()
	module := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "req_ours")
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		w.Header().Set("Vary", "Accept-Language")
	}))
	t.Cleanup(module.Close)
	base, _ := url.Parse(module.URL)
	remote := dispatch.NewRemote("orders", base, dispatch.NewTransport(), newSigner(t), slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	for name, value := range map[string]string{
		"X-Request-Id": "req_ours", "Content-Security-Policy": "default-src 'none'", "Vary": "Origin", "Referrer-Policy": "same-origin",
	} {
		w.Header().Set(name, value)
	}
	remote.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/things/1", http.NoBody), declared)
	for name, want := range map[string]string{
		"X-Request-Id": "req_ours", "Content-Security-Policy": "default-src 'self'", "Vary": "Origin, Accept-Language", "Referrer-Policy": "same-origin",
	} {
		if got := strings.Join(w.Header().Values(name), ", "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestRemote_Failures(t *testing.T) {
	t.Parallel()
	t.Run("Down", func(t *testing.T) {
		t.Parallel()
		nobody := httptest.NewServer(http.NotFoundHandler())
		nobody.Close()
		reply := sendRaw(t, newGateway(t, nobody.URL, identity.Principal{}), "POST /v1/things/1 HTTP/1.1\nHost: x\nContent-Length: 0\n\n")
		if reply.StatusCode != http.StatusServiceUnavailable || reply.Header.Get("Retry-After") == "" {
			t.Errorf("%d, %v", reply.StatusCode, reply.Header)
		}
	})
	t.Run("NobodyAnswersTheCall", func(t *testing.T) { // as when a container has just gone: no refusal, no answer
		t.Parallel()
		transport := dispatch.NewTransport()
		transport.DialContext = (&net.Dialer{Timeout: time.Nanosecond}).DialContext
		remote := dispatch.NewRemote("orders", &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, transport, newSigner(t), slog.New(slog.DiscardHandler))
		w := httptest.NewRecorder()
		remote.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/things/1", http.NoBody), declared)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%d, %v", w.Code, w.Header())
		}
	})
	t.Run("BreaksOffBeforeTheReply", func(t *testing.T) {
		t.Parallel()
		var calls atomic.Int32
		module := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			calls.Add(1)
			panic(http.ErrAbortHandler)
		}))
		t.Cleanup(module.Close)
		reply := sendRaw(t, newGateway(t, module.URL, identity.Principal{}), "POST /v1/things/1 HTTP/1.1\nHost: x\nContent-Type: application/json\nIdempotency-Key: k\nContent-Length: 2\n\n{}")
		if reply.StatusCode != http.StatusServiceUnavailable || calls.Load() != 1 {
			t.Errorf("%d after %d calls", reply.StatusCode, calls.Load())
		}
	})
	t.Run("BreaksOffWithinTheReply", func(t *testing.T) {
		t.Parallel()
		module := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}))
		t.Cleanup(module.Close)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, newGateway(t, module.URL, identity.Principal{}).URL+"/v1/things/1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := http.DefaultClient.Do(r)
		if err == nil {
			_, err = io.ReadAll(reply.Body)
			_ = reply.Body.Close()
		}
		if err == nil {
			t.Error("half a reply was delivered as a whole one")
		}
	})
	t.Run("TooSlow", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		module := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		t.Cleanup(module.Close)
		t.Cleanup(func() { close(release) })
		base, _ := url.Parse(module.URL)
		remote := dispatch.NewRemote("orders", base, dispatch.NewTransport(), newSigner(t), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		w := httptest.NewRecorder()
		remote.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/things/1", http.NoBody), declared)
		if w.Code != http.StatusGatewayTimeout {
			t.Errorf("answered %d", w.Code)
		}
	})
}

// Wherever the way to the module breaks off, in a request, in a result or in a refusal,
// the client is told that a part of the shop broke off, or gets a reply that breaks off
// too: never that its own request was bad.
func TestRemote_BreaksOffAnywhere(t *testing.T) {
	t.Parallel()
	module := &httpserver.Server{Name: "test", Addr: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)}
	module.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := operation.ReadBody(r)
		if err == nil && string(text) != "{}" {
			err = problem.New(http.StatusBadRequest, "malformed_json", "The body is not well-formed JSON.")
		}
		if err != nil {
			problem.Write(w, r, err)
		}
	})
	if err := module.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { _ = module.Serve() }()
	t.Cleanup(func() { _ = module.Shutdown(context.Background()) })

	// status is that of a whole reply, 0 of one that breaks off.
	post := func(body string, sent, answered int64) (status int, n rpctest.Passed) {
		wire := rpctest.NewWire(t, module.Address(), sent, answered)
		base, err := url.Parse(wire.URL())
		if err != nil {
			t.Fatal(err)
		}
		transport := dispatch.NewTransport()
		remote := dispatch.NewRemote("orders", base, transport, newSigner(t), slog.New(slog.DiscardHandler))
		w := httptest.NewRecorder()
		func() {
			defer func() {
				if aborted := recover(); aborted != nil { // as the proxy ends a reply that breaks off
					w.Code = 0
				}
			}()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/things/1", strings.NewReader(body))
			remote.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, &http.Server{})), declared)
		}()
		return w.Code, wire.End()
	}
	for body, whole := range map[string]int{"{}": http.StatusOK, "{]": http.StatusBadRequest} {
		status, all := post(body, math.MaxInt64, math.MaxInt64)
		if status != whole {
			t.Fatalf("%s answered %d, want %d", body, status, whole)
		}
		for n := range all.Sent {
			if status, _ := post(body, n, math.MaxInt64); status != http.StatusServiceUnavailable {
				t.Errorf("%s: %d of %d bytes of the request: %d", body, n, all.Sent, status)
			}
		}
		for n := range all.Answered {
			if status, _ := post(body, math.MaxInt64, n); status != http.StatusServiceUnavailable && status != 0 {
				t.Errorf("%s: %d of %d bytes of the reply: %d", body, n, all.Answered, status)
			}
		}
	}
}

// What is wrong with a client's body is the client's to hear, as in one process.
func TestRemote_BadBody(t *testing.T) {
	t.Parallel()
	module := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	t.Cleanup(module.Close)
	reply := sendRaw(t, newGateway(t, module.URL, identity.Principal{}), "POST /v1/things/1 HTTP/1.1\nHost: x\nContent-Type: application/json\nTransfer-Encoding: chunked\n\nzz\n{}")
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "body_unreadable") {
		t.Errorf("%d %s, %v", reply.StatusCode, text, err)
	}
}

// gone is a transport that gives up in the middle of the body: it closes it, and reads
// on.
type gone struct{}

func (gone) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.CopyN(io.Discard, r.Body, 1)
	_ = r.Body.Close()
	_, _ = io.Copy(io.Discard, r.Body)
	return nil, io.ErrUnexpectedEOF
}

// A module that hangs up in the middle of a body is a module that broke off. That the
// body was not read to its end is not the client's doing.
func TestRemote_HangsUpInTheBody(t *testing.T) {
	t.Parallel()
	base, _ := url.Parse("http://127.0.0.1:1")
	remote := dispatch.NewRemote("orders", base, gone{}, newSigner(t), slog.New(slog.DiscardHandler))
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { remote.ServeHTTP(w, r, declared) }))
	t.Cleanup(gateway.Close)
	reply := sendRaw(t, gateway, "POST /v1/things/1 HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 2\n\n{}")
	if reply.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered %d", reply.StatusCode)
	}
}
