package httpserver_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"app/platform/httpserver"
)

// A connection that a client has opened for later does not keep a process from ending.
// net/http alone would wait for it longer than this drain takes.
func TestShutdownDoesNotWaitForSilence(t *testing.T) {
	t.Parallel()
	s := &httpserver.Server{Drain: 4 * time.Second, Handler: http.NotFoundHandler()}
	ended := serve(t, s)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := get(t, s.URL()); err != nil { // accepted after the silent one
		t.Fatal(err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}
