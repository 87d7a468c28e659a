package httpserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// maxHeaderLines bounds how many header fields a request may have. Bytes alone do not
// bound memory: a field of four bytes takes more than a hundred once it is read.
const maxHeaderLines = 128

// connection is what the server learns of one connection: its age, and whether a
// handler is at work on it. While none is, whatever net/http writes is an answer of its
// own to what it could not read, in plain text; it leaves as a problem.
type connection struct {
	net.Conn

	server  *Server
	born    time.Time
	handled atomic.Bool // from the handler's start until the reply is out
	lines   header      // touched by reads only, which are never at the same time
	ended   func()      // gives the place back
	once    sync.Once
}

type connectionKey struct{}

// withConnection is http.Server.ConnContext.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

func connectionOf(r *http.Request) *connection {
	c, _ := r.Context().Value(connectionKey{}).(*connection)
	return c
}

// connectionState is http.Server.ConnState: between two requests nothing is handled.
func connectionState(c net.Conn, state http.ConnState) {
	if c, ok := c.(*connection); ok && state == http.StateIdle {
		c.lines = header{}
		c.handled.Store(false)
	}
}

var errHeaderLines = errors.New("too many header fields")

// Read implements net.Conn. Of a header with more fields than anybody needs it gives no
// more than what came with the last of them: if that was the rest of it, the request is
// refused where its handler would start.
func (c *connection) Read(b []byte) (int, error) {
	if c.handled.Load() {
		return c.Conn.Read(b) //nolint:wrapcheck // net/http compares
	}
	if c.lines.hasTooManyLines() {
		return 0, errHeaderLines
	}
	n, err := c.Conn.Read(b)
	c.lines.scanBytes(b[:n])
	return n, err //nolint:wrapcheck // net/http compares
}

// Write implements net.Conn.
func (c *connection) Write(b []byte) (int, error) {
	if c.handled.Load() {
		return c.Conn.Write(b) //nolint:wrapcheck // net/http compares
	}
	if _, err := c.Conn.Write(c.server.replacePlainReply(b, c.lines.hasTooManyLines())); err != nil {
		return 0, err //nolint:wrapcheck // net/http compares
	}
	return len(b), nil
}

// ReadFrom implements io.ReaderFrom, which net/http looks for to send files without
// copying.
func (c *connection) ReadFrom(r io.Reader) (int64, error) {
	if to, ok := c.Conn.(io.ReaderFrom); ok && c.handled.Load() {
		return to.ReadFrom(r) //nolint:wrapcheck // net/http compares
	}
	return io.Copy(writerOnly{c}, r) //nolint:wrapcheck // net/http compares
}

// writerOnly hides ReadFrom from io.Copy.
type writerOnly struct{ io.Writer }

// CloseWrite lets net/http say that nothing more comes while it still reads, so that
// the client gets the answer.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite() //nolint:wrapcheck // net/http does not look
	}
	return nil
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.once.Do(c.ended)
	return c.Conn.Close() //nolint:wrapcheck // net/http compares
}
