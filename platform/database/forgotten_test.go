package database_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"app/platform/database"
	"app/platform/database/dbtest"
)

// firewall stands before a server. It may forget the connections that go through it:
// what is sent on them vanishes, and neither end is told.
type firewall struct {
	net.Listener
	server string

	mu    sync.Mutex
	known map[net.Conn]bool
}

func newFirewall(t *testing.T, server string) *firewall {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	f := &firewall{Listener: l, server: server, known: map[net.Conn]bool{}}
	go f.serve()
	return f
}

func (f *firewall) serve() {
	for {
		client, err := f.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", f.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		f.mu.Lock()
		f.known[client] = true
		f.mu.Unlock()
		for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
			go func() {
				defer func() { _ = way[1].Close() }()
				_, _ = io.Copy(passing{f, client, way[1]}, way[0])
			}()
		}
	}
}

// passing lets through what belongs to a known connection.
type passing struct {
	*firewall
	client, to net.Conn
}

func (p passing) Write(b []byte) (int, error) {
	p.mu.Lock()
	known := p.known[p.client]
	p.mu.Unlock()
	if !known {
		return len(b), nil
	}
	return p.to.Write(b)
}

func (f *firewall) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known = map[net.Conn]bool{}
}

// Connections that something on the way has forgotten cost their users the time to find
// out, once; then none of them is used.
func TestForgottenConnections(t *testing.T) {
	t.Parallel()
	for name, pinged := range map[string]bool{"all": false, "all but the one that asks": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dbtest.Start(t)
			wall := newFirewall(t, server.Address())
			u, err := url.Parse(server.Account(t, "orders", grants))
			if err != nil {
				t.Fatal(err)
			}
			u.Host = wall.Addr().String()
			db := dbtest.OpenURL(t, u.String(), things)
			const idle = 8 // connections of each kind
			busy(t, db, idle)
			wall.forget()
			if pinged { // its connection is found dead, and the next one is new
				await(t, func() bool { return db.Ping(t.Context()) == nil })
			}
			_, err = count(t.Context(), db)
			away(t, "a read", err)
			await(t, func() bool { _, err := count(t.Context(), db); return err == nil })
			busy(t, db, idle)
			write(t, db, "last")
		})
	}
}

// busy uses so many connections of each kind at the same time.
func busy(t *testing.T, db *database.DB, n int) {
	t.Helper()
	var all, ready sync.WaitGroup
	ready.Add(n)
	errs := make([]error, 2*n)
	for i := range n {
		all.Go(func() { _, errs[i] = count(t.Context(), db) })
		all.Go(func() {
			errs[n+i] = db.Write(t.Context(), func(context.Context, *database.Tx) error {
				ready.Done()
				ready.Wait()
				return nil
			})
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}
