package httpserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"app/platform/fault"
	"app/platform/httpserver"
	"app/platform/operation"
	"app/platform/operation/operationtest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

var moment = time.Date(2025, 11, 20, 9, 30, 0, 0, time.UTC)

func TestListenErrors(t *testing.T) {
	t.Parallel()
	taken := &httpserver.Server{Name: "public", Variable: "HTTP_ADDR", Addr: "127.0.0.1:0"}
	if err := taken.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer taken.Shutdown(t.Context()) //nolint:errcheck // nothing runs
	for addr, want := range map[string]string{
		taken.Address():   "address " + taken.Address() + " (public) is in use by another process; set HTTP_ADDR to another",
		"127.0.0.1:99999": "address 127.0.0.1:99999 (public) cannot be listened on: invalid port; set HTTP_ADDR to another",
	} {
		err := (&httpserver.Server{Name: "public", Variable: "HTTP_ADDR", Addr: addr}).Listen(t.Context())
		var listen *httpserver.ListenError
		if !errors.As(err, &listen) || listen.Error() != want || listen.InUse != (addr == taken.Address()) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{"127.0.0.1:0": "http://127.0.0.1:", ":0": "http://127.0.0.1:"} {
		s := &httpserver.Server{Addr: addr}
		if err := s.Listen(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.URL(); !strings.HasPrefix(got, want) || strings.HasSuffix(got, ":0") {
			t.Errorf("%s: %s", addr, got)
		}
		_ = s.Shutdown(t.Context())
	}
}

// serve starts a server and returns how it ended.
func serve(t *testing.T, s *httpserver.Server) (ended chan error) {
	t.Helper()
	s.Addr = "127.0.0.1:0"
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	go func() { ended <- s.Serve() }()
	return ended
}

func get(t *testing.T, url string) (operationtest.Reply, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return operationtest.Reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return operationtest.Reply{Status: response.StatusCode, Header: response.Header, Body: string(body)}, err
}

func TestShutdownDrains(t *testing.T) {
	t.Parallel()
	started, finish := make(chan struct{}), make(chan struct{})
	gate := new(httpserver.Gate)
	s := &httpserver.Server{Gate: gate, Delay: time.Hour, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(started)
			<-finish
		}
	})}
	if ok, reason := gate.Ready(); ok || reason != "starting" {
		t.Errorf("before the start: %v %s", ok, reason)
	}
	gate.Open()
	ended := serve(t, s)
	slow := make(chan error, 1)
	go func() {
		_, err := get(t, s.URL()+"/slow")
		slow <- err
	}()
	<-started
	hurry, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(hurry) }()
	for ok := true; ok; ok, _ = gate.Ready() { // closed before anything else
	}
	if got, err := get(t, s.URL()+"/"); err != nil || got.Status != 200 {
		t.Errorf("during the delay: %v %v", got, err)
	}
	cancel() // a second Ctrl-C ends the delay, and the waiting too
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown with a running request: %v", err)
	}
	close(finish)
	if err := <-slow; err == nil {
		t.Error("the request that was cut off got a reply")
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}

func TestShutdownWaitsForRequests(t *testing.T) {
	t.Parallel()
	started, finish := make(chan struct{}), make(chan struct{})
	s := &httpserver.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(started)
		<-finish
	})}
	ended := serve(t, s)
	slow := make(chan error, 1)
	go func() {
		_, err := get(t, s.URL())
		slow <- err
	}()
	<-started
	time.AfterFunc(20*time.Millisecond, func() { close(finish) })
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-slow; err != nil {
		t.Errorf("the running request: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
	if _, err := get(t, s.URL()); err == nil {
		t.Error("still accepts")
	}
}

func TestServerLimitsHeaders(t *testing.T) {
	t.Parallel()
	s := &httpserver.Server{Handler: http.NotFoundHandler()}
	serve(t, s)
	defer s.Shutdown(t.Context()) //nolint:errcheck // nothing runs
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 48<<10)+"\r\n\r\n")
	answer := make([]byte, 12)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 431" {
		t.Errorf("got %q, %v", answer, err)
	}
}

// observed serves an API the way a listener does, logging to the buffer.
func observed(level slog.Level, trust bool) (http.Handler, *bytes.Buffer, *prometheus.Registry) {
	a := operation.NewAPI("orders", operation.Options{})
	op := operation.Operation{Method: "GET", Access: operation.Public, Rate: operation.RateDefault}
	for path, err := range map[string]error{
		"/ok": nil, "/refused/{id}": fault.Missing("order"), "/broken": errors.New("disk on fire"),
	} {
		op.Path = path
		operation.Register(a, op, func(context.Context, *struct{}) (*struct{}, error) { return nil, err })
	}
	op.Path = "/panic"
	a.Raw(op, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))
	op.Path = "/half"
	a.Raw(op, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("boom")
	}))
	log, registry := new(bytes.Buffer), prometheus.NewRegistry()
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	now := func() time.Time { return moment }
	return httpserver.Observed{Handler: a.Handler(), Logger: logger, Metrics: httpserver.NewMetrics(registry), Now: now, TrustRequestID: trust}, log, registry
}

func TestOneLogLinePerFailedRequest(t *testing.T) {
	t.Parallel()
	const id = "req_01kan4v6e8fx2s1gq0vj5t3x7c"
	for path, want := range map[string]string{
		"/ok":             "",
		"/refused/ord_1?": `level=INFO msg=request module=orders method=GET route=/refused/{id} status=404 bytes=181 took=0s request_id=` + id + ` code=order_not_found path=/refused/ord_1` + "\n",
		"/broken":         `level=ERROR msg=request module=orders method=GET route=/broken status=500 bytes=182 took=0s request_id=` + id + ` code=internal path=/broken error="disk on fire"` + "\n",
	} {
		h, log, _ := observed(slog.LevelInfo, true)
		got := operationtest.Send(h, operationtest.Nobody, http.MethodGet, path, "", "X-Request-Id", id)
		if got.Header.Get("X-Request-Id") != id {
			t.Errorf("%s: %v", path, got.Header)
		}
		if diff := cmp.Diff(want, log.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	const theirs = "req_01kan4v6e8fx2s1gq0vj5t3x7c"
	h, _, _ := observed(slog.LevelInfo, false)
	got := operationtest.Send(h, operationtest.Nobody, http.MethodGet, "/broken", "", "X-Request-Id", theirs)
	id := got.Header.Get("X-Request-Id")
	if id == theirs || !strings.HasPrefix(id, "req_") || got.Problem(t).RequestID != id {
		t.Errorf("from outside: %+v", got)
	}
	trusting, _, _ := observed(slog.LevelInfo, true)
	if got := operationtest.Send(trusting, operationtest.Nobody, http.MethodGet, "/ok", "", "X-Request-Id", "req_<script>"); got.Header.Get("X-Request-Id") == "req_<script>" {
		t.Errorf("malformed: %+v", got)
	}
}

func TestPanicsAreLoggedWithStack(t *testing.T) {
	t.Parallel()
	h, log, _ := observed(slog.LevelInfo, false)
	got := operationtest.Send(h, operationtest.Nobody, http.MethodGet, "/panic", "")
	if got.Problem(t).Status != 500 || strings.Contains(got.Body, "boom") {
		t.Errorf("got %+v", got)
	}
	if line := log.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "boom") || !strings.Contains(line, "server_test.go") {
		t.Errorf("logged %s", line)
	}
}

// Half a reply must not look like a whole one: the connection is cut.
func TestPanicAfterTheReplyBegan(t *testing.T) {
	t.Parallel()
	h, log, _ := observed(slog.LevelInfo, false)
	server := httptest.NewServer(h)
	defer server.Close()
	if got, err := get(t, server.URL+"/half"); err == nil {
		t.Errorf("taken for whole: %+v", got)
	}
	server.Close()
	if line := log.String(); !strings.Contains(line, "status=500") || !strings.Contains(line, "boom") {
		t.Errorf("logged %s", line)
	}
}

func TestMetricsByTemplate(t *testing.T) {
	t.Parallel()
	h, _, registry := observed(slog.LevelInfo, false)
	for _, path := range []string{"/refused/a", "/refused/b", "/ok", "/nowhere", "/elsewhere"} {
		operationtest.Send(h, operationtest.Nobody, http.MethodGet, path, "")
	}
	operationtest.Send(h, operationtest.Nobody, "BREW", "/ok", "")
	want := `
# HELP souk_http_requests_total HTTP requests answered.
# TYPE souk_http_requests_total counter
souk_http_requests_total{method="GET",module="",route="unmatched",status="404"} 2
souk_http_requests_total{method="other",module="",route="unmatched",status="405"} 1
souk_http_requests_total{method="GET",module="orders",route="/ok",status="204"} 1
souk_http_requests_total{method="GET",module="orders",route="/refused/{id}",status="404"} 2
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "souk_http_requests_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "souk_http_request_duration_seconds"); n != 3 || err != nil {
		t.Errorf("%d series of durations, %v", n, err)
	}
}

func TestOnLoopback(t *testing.T) {
	t.Parallel()
	local := context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}))
	outside := context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8080}))
	for name, c := range map[string]struct {
		ctx                     context.Context
		remote, host, forwarded string
		want                    bool
	}{
		"OK":           {local, "127.0.0.1:4711", "127.0.0.1:8080", "", true},
		"OK by name":   {local, "127.0.0.1:4711", "localhost:8080", "", true},
		"OK v6":        {local, "[::1]:4711", "[::1]:8080", "", true},
		"ErrRebinding": {local, "127.0.0.1:4711", "evil.example:8080", "", false},
		"ErrRemote":    {outside, "192.0.2.7:4711", "127.0.0.1:8080", "", false},
		"ErrProxied":   {local, "127.0.0.1:4711", "localhost", "192.0.2.7", false},
		"ErrUnknown":   {t.Context(), "127.0.0.1:4711", "localhost", "", false},
	} {
		r := httptest.NewRequestWithContext(c.ctx, http.MethodGet, "/dev/mailbox", nil)
		r.RemoteAddr, r.Host = c.remote, c.host
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := httpserver.OnLoopback(r); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
