package httpserver_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"app/platform/httpheader"
	"app/platform/httpserver"
	"app/platform/problem"
)

// patience is how long a loaded machine may take.
const patience = time.Minute

// dial opens a connection that fails the test rather than wait for ever.
func dial(t *testing.T, s *httpserver.Server) net.Conn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// limited serves what the test wants to limit.
func limited(t *testing.T, s *httpserver.Server) *httpserver.Server {
	t.Helper()
	s.Logger = slog.New(slog.DiscardHandler)
	if s.Handler == nil {
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "served")
		})
	}
	ended := serve(t, s)
	t.Cleanup(func() {
		_ = s.Shutdown(t.Context()) // which has ended: what is open is closed
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// problemIn reads a reply that has to be a problem and the last of its connection.
func problemIn(t *testing.T, conn net.Conn) (p problem.Problem, reply *http.Response) {
	t.Helper()
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if err := json.NewDecoder(reply.Body).Decode(&p); err != nil {
		t.Fatalf("no problem: %v", err)
	}
	if reply.Header.Get("Content-Type") != "application/problem+json" || !reply.Close || p.Status != reply.StatusCode ||
		p.RequestID == "" || p.RequestID != reply.Header.Get("X-Request-Id") || reply.Header.Get("Date") == "" {
		t.Errorf("%+v with %v", p, reply.Header)
	}
	return p, reply
}

// What net/http refuses by itself, in plain text, leaves as a problem like every other,
// with the server's headers.
func TestRefusalsOfTheServerAreProblems(t *testing.T) {
	t.Parallel()
	s := limited(t, &httpserver.Server{Headers: httpheader.SecurityHeaders(true)})
	for name, tc := range map[string]struct{ request, want string }{
		"NotHTTP":       {"hello\r\n\r\n", "400 malformed_request"},
		"NoHost":        {"GET / HTTP/1.1\r\n\r\n", "400 malformed_request"},
		"BadHeader":     {"GET / HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n", "400 malformed_request"},
		"TwoLengths":    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400 malformed_request"},
		"BadPath":       {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400 malformed_request"},
		"LongHeader":    {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 17<<10) + "\r\n\r\n", "431 header_too_large"},
		"ManyHeaders":   {"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: y\r\n", 200) + "\r\n", "431 header_too_large"},
		"NoEnd":         {"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: y\r\n", 1500), "431 header_too_large"},
		"UnknownCoding": {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "501 transfer_encoding_unknown"},
		"Expectation":   {"POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", "417 expectation_failed"},
		"Version":       {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", "505 http_version_unknown"},
		"AfterAnother":  {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n", "400 malformed_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, s)
			_, _ = io.WriteString(conn, tc.request)
			if name == "AfterAnother" {
				if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 200"))); err != nil {
					t.Fatal(err)
				}
				rest, _ := io.ReadAll(conn)
				if _, after, _ := strings.Cut(string(rest), "served"); !strings.HasPrefix(after, "HTTP/1.1 400 Bad Request\r\n") || !strings.Contains(after, "malformed_request") {
					t.Errorf("after the first reply: %q", after)
				}
				return
			}
			p, reply := problemIn(t, conn)
			if got := fmt.Sprint(p.Status, " ", p.Code); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if reply.Header.Get("Strict-Transport-Security") == "" || reply.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers: %v", reply.Header)
			}
		})
	}
}

// A handler's own reply is never taken for net/http's, whatever it says and in however
// many pieces.
func TestRepliesOfHandlersAreLeftAlone(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request", 1000)
	s := limited(t, &httpserver.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.Copy(w, strings.NewReader(body))
	})})
	conn := dial(t, s)
	for range 3 { // the connection stays open
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(reply.Body)
		if diff := cmp.Diff(body, string(got)); diff != "" || err != nil || reply.Close {
			t.Fatalf("%v, closed %t\n%.200s", err, reply.Close, diff)
		}
	}
}

// Lines of a body are no header fields, also when they come in the same packet or in a
// later request.
func TestHeaderFieldsAreCountedInHeadersOnly(t *testing.T) {
	t.Parallel()
	s := limited(t, &httpserver.Server{})
	body := strings.Repeat("\n", 3000)
	conn := dial(t, s)
	reader := bufio.NewReader(conn)
	for range 5 {
		fields := strings.Repeat("X: y\r\n", 120)
		_, _ = io.WriteString(conn, fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", fields, len(body), body))
		reply, err := http.ReadResponse(reader, nil)
		if err != nil || reply.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", reply, err)
		}
		_, _ = io.Copy(io.Discard, reply.Body)
	}
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n"+strings.Repeat("X: y\r\n", 200)+"\r\n")
	reply, err := http.ReadResponse(reader, nil)
	if err != nil || reply.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("too many in a later request: %v, %v", reply, err)
	}
}

func TestOptionsOfEverythingReachTheHandler(t *testing.T) {
	t.Parallel()
	s := limited(t, &httpserver.Server{Handler: http.NotFoundHandler()})
	conn := dial(t, s)
	_, _ = io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || reply.StatusCode != http.StatusNotFound {
		t.Errorf("%v, %v", reply, err)
	}
}
