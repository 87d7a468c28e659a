package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// letterPatience is how long letters may take to arrive once they were asked for.
const letterPatience = time.Minute

// sink is a mail server (RFC 5321) that takes every letter, counts it and throws it
// away.
type sink struct {
	listener net.Listener
	count    atomic.Int64

	mu          sync.Mutex
	connections map[net.Conn]struct{} // nil once closed
	serving     sync.WaitGroup
}

// openSink starts one on a free loopback port.
func openSink(ctx context.Context) (*sink, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the sink for letters: %w", err)
	}
	s := &sink{listener: l, connections: map[net.Conn]struct{}{}}
	s.serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // it was closed
			}
			s.serving.Go(func() { s.serve(c) })
		}
	})
	return s, nil
}

// port is where it listens at 127.0.0.1.
func (s *sink) port() string {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String()) // of a listener: cannot fail
	return port
}

// taken is how many letters have come.
func (s *sink) taken() int { return int(s.count.Load()) }

// await waits until so many letters have come since the sink was opened.
func (s *sink) await(ctx context.Context, letters int) error {
	ctx, cancel := context.WithTimeout(ctx, letterPatience)
	defer cancel()
	for s.taken() < letters {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return fmt.Errorf("of %d letters %d have come: %w", letters, s.taken(), err)
		}
	}
	return nil
}

// close ends all connections.
func (s *sink) close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.connections {
		_ = c.Close()
	}
	s.connections = nil
	s.mu.Unlock()
	s.serving.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err //nolint:wrapcheck // names the address
}

// keep remembers a connection for close, and reports whether there is a sink any more.
func (s *sink) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connections == nil {
		return false
	}
	s.connections[c] = struct{}{}
	return true
}

func (s *sink) serve(c net.Conn) {
	defer c.Close()
	if !s.keep(c) {
		return
	}
	defer func() {
		s.mu.Lock()
		delete(s.connections, c)
		s.mu.Unlock()
	}()
	s.converse(textproto.NewConn(c))
}

// converse answers commands until the sender has gone.
func (s *sink) converse(t *textproto.Conn) {
	reply := "220 sink"
	for {
		if err := t.PrintfLine("%s", reply); err != nil || strings.HasPrefix(reply, "221") {
			return
		}
		line, err := t.ReadLine()
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "DATA":
			if reply = s.take(t); reply == "" {
				return
			}
		case "QUIT":
			reply = "221 bye"
		case "EHLO", "HELO", "MAIL", "RCPT", "NOOP", "RSET":
			reply = "250 ok"
		default:
			reply = "502 unknown command"
		}
	}
}

// take reads a letter and gives the reply, "" when the sender has gone amid it.
func (s *sink) take(t *textproto.Conn) string {
	if err := t.PrintfLine("354 go on"); err != nil {
		return ""
	}
	if _, err := io.Copy(io.Discard, t.DotReader()); err != nil {
		return ""
	}
	s.count.Add(1)
	return "250 taken"
}
