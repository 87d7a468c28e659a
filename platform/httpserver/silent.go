package httpserver

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// silentGrace is how long Shutdown waits for the first request of a connection.
// net/http waits for five seconds, also for the connections that clients open in
// advance and keep for later.
const silentGrace = 500 * time.Millisecond

// silent are the connections that no request has come over yet. The zero value has
// none.
type silent struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// trackConnState implements http.Server.ConnState.
func (s *silent) trackConnState(conn net.Conn, state http.ConnState) {
	if state == http.StateIdle {
		return // after a request: it is not here any more
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if state != http.StateNew {
		delete(s.conns, conn)
		return
	}
	if s.conns == nil {
		s.conns = map[net.Conn]struct{}{}
	}
	s.conns[conn] = struct{}{}
}

func (s *silent) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
}
