package httpserver_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"app/platform/httpserver"
)

// Clients that send their headers a byte at a time, or not at all, take places for a
// bounded time, and no more places than there are: everybody else is answered.
func TestFailure39_SlowClients(t *testing.T) {
	t.Parallel()
	const places = 20
	s := limited(t, &httpserver.Server{MaxConnections: places, HeaderTimeout: 300 * time.Millisecond})
	var slow []net.Conn
	for i := range places {
		conn := dial(t, s)
		if i%2 == 0 {
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		}
		slow = append(slow, conn)
	}
	p, reply := problemIn(t, dial(t, s))
	if p.Code != "connections_exhausted" || p.Status != http.StatusServiceUnavailable || reply.Header.Get("Retry-After") == "" {
		t.Errorf("beyond the limit: %+v, %v", p, reply.Header)
	}
	for _, conn := range slow { // each is cut off, though it goes on sending
		trickle := time.NewTicker(50 * time.Millisecond)
		go func() {
			for range trickle.C {
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
			}
		}()
		_, err := io.Copy(io.Discard, conn)
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // as it is
			t.Error("a slow client is not cut off")
		}
		trickle.Stop()
	}
	waitServed(t, s)
}

// waitServed asks until there is a place again.
func waitServed(t *testing.T, s *httpserver.Server) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for pause := time.NewTicker(10 * time.Millisecond); ; <-pause.C {
		conn := dial(t, s)
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil && reply.StatusCode == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody is served: %v, %v", reply, err)
		}
	}
}

// A header without end is refused at the bound, however it is made up, and what it took
// is given back.
func TestFailure39_HeaderFloods(t *testing.T) {
	t.Parallel()
	s := limited(t, &httpserver.Server{})
	for name, line := range map[string]string{
		"OneLongField": strings.Repeat("x", 1<<10), "ManyShortFields": "a:b\r\n", "EmptyNames": ":\r\n", "Folded": "\r\n folded",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 20 {
				conn := dial(t, s)
				go func() {
					_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: ")
					if name == "ManyShortFields" {
						_, _ = io.WriteString(conn, "y\r\n")
					}
					for range 1 << 20 { // a gigabyte of the long ones
						if _, err := io.WriteString(conn, line); err != nil {
							return
						}
					}
				}()
				reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
				// A client that never stops sending may be reset before it reads the
				// answer.
				if err == nil && reply.StatusCode != http.StatusRequestHeaderFieldsTooLarge && reply.StatusCode != http.StatusBadRequest {
					t.Errorf("answered %d", reply.StatusCode)
				}
				_ = conn.Close()
			}
		})
	}
}

// One network cannot take all places; a proxy, which stands for many, may.
func TestFailure39_ConnectionsOfOneNetwork(t *testing.T) {
	t.Parallel()
	t.Run("Limited", func(t *testing.T) {
		t.Parallel()
		s := limited(t, &httpserver.Server{MaxConnections: 100, MaxPerNetwork: 3})
		first := dial(t, s)
		dial(t, s)
		dial(t, s)
		if p, _ := problemIn(t, dial(t, s)); p.Code != "connections_exhausted" {
			t.Errorf("the fourth: %+v", p)
		}
		_ = first.Close()
		waitServed(t, s)
	})
	t.Run("Trusted", func(t *testing.T) {
		t.Parallel()
		s := limited(t, &httpserver.Server{MaxPerNetwork: 1, Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		dial(t, s)
		dial(t, s)
		waitServed(t, s)
	})
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"203.0.113.9": "203.0.113.9/32", "::ffff:203.0.113.9": "203.0.113.9/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := httpserver.Network(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s counts as %s, want %s", addr, got, want)
		}
	}
	if httpserver.Network(netip.Addr{}).IsValid() {
		t.Error("no address counts as a network")
	}
}
