package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Limits of every listener. What a client may hold up is bounded in time and in memory;
// a body in size by its operation.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 75 * time.Second
	// maxHeaderBytes is less than what a header may grow to: net/http adds 4 KiB for
	// what it has read ahead.
	maxHeaderBytes = 12 << 10
)

// Server is one listener of the process. Listen, then Serve, then Shutdown; fields may
// not change after Listen.
type Server struct {
	// Name says what it is for, as in "public"; Variable which setting gives the
	// address, as in "HTTP_ADDR". For messages.
	Name, Variable string
	// Addr is host and port; port 0 takes a free one.
	Addr string
	// Handler gets every request; wrap it in Observed.
	Handler http.Handler
	// Logger gets what net/http has to say. Nil: the default logger.
	Logger *slog.Logger
	// Gate, when not nil, is closed when Shutdown begins, so that load balancers turn
	// away first.
	Gate *Gate
	// Delay is how long Shutdown goes on accepting after closing the gate.
	Delay time.Duration
	// Drain bounds how long Shutdown waits for running requests. Zero: 20 s.
	Drain time.Duration
	// WriteTimeout bounds a reply from the end of the request's header. Zero: 60 s.
	// Negative: none, for profiles.
	WriteTimeout time.Duration
	// MaxAge is how long a connection is kept: the first reply after that closes it, so
	// that callers who keep their connections busy find replicas that have come up
	// since. Zero: for ever.
	MaxAge time.Duration
	// HeaderTimeout bounds the arrival of a request's header. Zero: 5 s.
	HeaderTimeout time.Duration
	// Headers are preset on every reply, also on those to requests that no handler
	// sees. See SecurityHeaders.
	Headers http.Header
	// MaxConnections bounds the connections, MaxPerNetwork those from one network (see
	// Network) unless it is Trusted, which is for the networks of proxies. Those beyond
	// get 503. Zero: no bound.
	MaxConnections, MaxPerNetwork int
	Trusted                       []netip.Prefix

	listener net.Listener
	server   *http.Server
	silent   silent
}

// ListenError is an address that cannot be listened on: the operator's to mend, in one
// line.
type ListenError struct {
	Name, Variable, Addr string
	InUse                bool // something else listens there
	Err                  error
}

// Error implements error.
func (e *ListenError) Error() string {
	reason := "cannot be listened on: " + networkErrorCause(e.Err)
	if e.InUse {
		reason = "is in use by another process"
	}
	return fmt.Sprintf("address %s (%s) %s; set %s to another", e.Addr, e.Name, reason, e.Variable)
}

// Unwrap gives the system's error.
func (e *ListenError) Unwrap() error { return e.Err }

// networkErrorCause leaves out what the message says already: operation, network and
// address.
func networkErrorCause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var address *net.AddrError
	if errors.As(err, &address) {
		return address.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err.Error()
}

// Listen takes the address. Every failure is a *ListenError. Connections queue until
// Serve.
func (s *Server) Listen(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.Addr)
	if err != nil {
		return &ListenError{Name: s.Name, Variable: s.Variable, Addr: s.Addr, InUse: errors.Is(err, syscall.EADDRINUSE), Err: err}
	}
	s.Use(listener)
	return nil
}

// Use takes a listener that is open already, instead of Listen.
func (s *Server) Use(listener net.Listener) {
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	write := s.WriteTimeout
	if write == 0 {
		write = writeTimeout
	}
	header := s.HeaderTimeout
	if header == 0 {
		header = readHeaderTimeout
	}
	s.listener = &doorkeeper{Listener: listener, server: s, network: make(map[netip.Prefix]int)}
	s.server = &http.Server{
		Handler:     s.withConnectionChecks(s.closeAgedConnections(s.Handler)),
		ConnContext: withConnection,
		ConnState: func(c net.Conn, state http.ConnState) {
			connectionState(c, state)
			s.silent.trackConnState(c, state)
		},
		ReadHeaderTimeout: header,
		ReadTimeout:       readTimeout,
		WriteTimeout:      max(write, 0),
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// The handler answers OPTIONS * too.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.Logger.Handler(), slog.LevelWarn),
	}
}

// Address is where it listens, with the port that was taken.
func (s *Server) Address() string { return s.listener.Addr().String() }

// URL is the base address for clients on this machine: a wildcard address is reached
// through loopback.
func (s *Server) URL() string {
	host, port, err := net.SplitHostPort(s.Address())
	if err != nil {
		return "http://" + s.Address()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Serve answers requests until Shutdown, then returns nil; any other end is an error.
func (s *Server) Serve() error {
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", s.Name, err)
	}
	return nil
}

// Shutdown closes the gate, waits for Delay, stops accepting and waits for running
// requests, for Drain at most; then it cuts them off and says so. When ctx ends,
// waiting ends with it.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.Gate != nil {
		s.Gate.Close("draining")
	}
	if s.Delay > 0 {
		timer := time.NewTimer(s.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	drain := s.Drain
	if drain == 0 {
		drain = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, drain)
	defer cancel()
	defer time.AfterFunc(silentGrace, s.silent.closeAll).Stop()
	if err := s.server.Shutdown(ctx); err != nil {
		_ = s.server.Close()
		return fmt.Errorf("drain %s: requests were cut off: %w", s.Name, err)
	}
	return nil
}

// Gate is whether the process wants requests. The zero value is closed because the
// process is starting.
type Gate struct{ state atomic.Pointer[string] }

// Open lets requests come.
func (g *Gate) Open() {
	open := ""
	g.state.Store(&open)
}

// Close turns requests away, for the reason given.
func (g *Gate) Close(reason string) { g.state.Store(&reason) }

// Ready reports whether the gate is open, and if not, why.
func (g *Gate) Ready() (ok bool, reason string) {
	state := g.state.Load()
	if state == nil {
		return false, "starting"
	}
	return *state == "", *state
}

// OnLoopback reports whether nobody but this machine can have sent the request: it came
// over loopback and to a loopback name, so that a page of somebody else's whose name
// points here (DNS rebinding) is refused too. Not for requests that a proxy on this
// machine passes on.
func OnLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok || !isLoopback(local.String()) || !isLoopback(r.RemoteAddr) || !isLoopback(r.Host) {
		return false
	}
	for _, name := range forwards {
		if len(r.Header.Values(name)) > 0 {
			return false
		}
	}
	return true
}

// forwards are the headers by which a proxy says that it passes a request on for
// somebody else.
var forwards = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
