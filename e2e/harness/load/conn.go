// Package load sends HTTP requests over kept connections and takes the times of the
// replies: as fast as the replies come (closed model) or at a fixed rate whatever the
// replies do (open model). It does little per request, because it runs on the machine
// that it measures.
package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// patience is how long one reply may take.
const patience = 10 * time.Second

// Conn is one kept HTTP/1.1 connection, for one goroutine. It connects at the first
// request, and again after an error.
type Conn struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
	body    bytes.Buffer
}

// NewConn makes a connection to host:port that is not open yet.
func NewConn(address string) *Conn { return &Conn{address: address} }

// Do sends a request made by Request and reads the reply. The body is valid until the
// next call.
func (c *Conn) Do(ctx context.Context, request []byte) (status int, body []byte, err error) {
	if err := c.connect(ctx); err != nil {
		return 0, nil, err
	}
	status, err = c.exchange(request)
	if err != nil {
		c.Close()
		return 0, nil, err
	}
	return status, c.body.Bytes(), nil
}

// Close closes the connection.
func (c *Conn) Close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

func (c *Conn) connect(ctx context.Context) (err error) {
	if c.conn != nil {
		return nil
	}
	if c.conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", c.address); err != nil {
		c.conn = nil
		return fmt.Errorf("connect: %w", err)
	}
	c.reader = bufio.NewReader(c.conn)
	return nil
}

func (c *Conn) exchange(request []byte) (status int, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, fmt.Errorf("set deadline: %w", err)
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, fmt.Errorf("send request: %w", err)
	}
	reply, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return 0, fmt.Errorf("read reply: %w", err)
	}
	defer reply.Body.Close()
	c.body.Reset()
	if _, err := io.Copy(&c.body, reply.Body); err != nil {
		return 0, fmt.Errorf("read reply: %w", err)
	}
	if reply.Close {
		c.Close()
	}
	return reply.StatusCode, nil
}

// Request renders a request with headers, given as name and value in turn, and a JSON
// body, nil for none.
func Request(method, path string, body []byte, headers ...string) []byte {
	var b bytes.Buffer
	b.WriteString(method + " " + path + " HTTP/1.1\r\nHost: shop.example\r\n")
	for i := 0; i+1 < len(headers); i += 2 {
		b.WriteString(headers[i] + ": " + headers[i+1] + "\r\n")
	}
	if body != nil {
		b.WriteString("Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}
