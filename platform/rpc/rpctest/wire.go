package rpctest

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// Wire leads to a server and breaks off when so many bytes were sent or answered over a
// connection.
type Wire struct {
	listener       net.Listener
	server         string
	sent, answered int64
	last           Passed
	ends           chan struct{} // closed when nobody needs it any more
	done           sync.WaitGroup
}

// Passed are the bytes that a connection let through.
type Passed struct{ Sent, Answered int64 }

// NewWire makes a wire to the server at host:port that lets pass, over each connection,
// sent bytes of requests and answered bytes of replies. Call End.
func NewWire(t testing.TB, server string, sent, answered int64) *Wire {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{listener: l, server: server, sent: sent, answered: answered, ends: make(chan struct{})}
	w.done.Go(func() { w.serveConnections(t) })
	return w
}

// URL is where the wire begins.
func (w *Wire) URL() string { return "http://" + w.listener.Addr().String() }

// End cuts the wire and tells what its last connection let through.
func (w *Wire) End() Passed {
	_ = w.listener.Close()
	close(w.ends)
	w.done.Wait()
	return w.last
}

// serveConnections lets connections pass one after the other: a call that is sent again
// has a new one.
func (w *Wire) serveConnections(t testing.TB) {
	t.Helper()
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", w.server)
		if err != nil {
			t.Error(err)
			_ = client.Close()
			return
		}
		w.relayConnection(client, server)
	}
}

func (w *Wire) relayConnection(client, server net.Conn) {
	var up sync.WaitGroup
	up.Go(func() {
		w.last.Sent, _ = io.CopyN(server, client, w.sent)
		if half, ok := server.(*net.TCPConn); ok {
			_ = half.CloseWrite() // the server sees that nothing more comes, and can still answer
		}
	})
	over := make(chan struct{})
	go func() {
		select {
		case <-w.ends:
		case <-over:
		}
		_ = client.Close()
		_ = server.Close()
	}()
	w.last.Answered, _ = io.CopyN(client, server, w.answered)
	close(over)
	up.Wait()
}
