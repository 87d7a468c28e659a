package emailstest

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Muffle stands between a client and a mail server and loses replies: once it is told
// to, the reply to the end of DATA never arrives, although the server has the e-mail.
type Muffle struct {
	Port int

	lose   atomic.Bool
	hangUp atomic.Bool
	lost   atomic.Int32
}

// Lost counts the replies that were lost.
func (m *Muffle) Lost() int { return int(m.lost.Load()) }

// Lose has the replies of DATA vanish from now on: with the connection when hangUp is
// set, without a word otherwise.
func (m *Muffle) Lose(yes, hangUp bool) {
	m.hangUp.Store(hangUp)
	m.lose.Store(yes)
}

// NewMuffle stands before the server at the address. The conversation must be in the
// clear.
func NewMuffle(t testing.TB, server string) *Muffle {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		t.Fatal(err)
	}
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("no TCP address")
	}
	m := &Muffle{Port: address.Port}
	var open sync.Map
	t.Cleanup(func() {
		_ = l.Close()
		open.Range(func(conn, _ any) bool {
			if c, ok := conn.(net.Conn); ok {
				_ = c.Close()
			}
			return true
		})
	})
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", server) //nolint:noctx // loopback
			if err != nil {
				_ = client.Close()
				continue
			}
			open.Store(client, nil)
			open.Store(up, nil)
			go m.proxyConnection(client, up)
		}
	}()
	return m
}

var endOfData = []byte("\r\n.\r\n")

// proxyConnection copies both ways until one end closes. What the server says after the
// end of DATA is kept back.
func (m *Muffle) proxyConnection(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	var muffled atomic.Bool
	go func() {
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if err != nil {
				return
			}
			if muffled.Load() {
				m.lost.Add(1) // the server has the e-mail: it has answered
				if m.hangUp.Load() {
					return
				}
				continue
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	var tail []byte // the mark may come in pieces
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		tail = append(tail, buffer[:n]...)
		tail = tail[max(len(tail)-len(endOfData), 0):]
		if m.lose.Load() && bytes.Equal(tail, endOfData) {
			muffled.Store(true)
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}
