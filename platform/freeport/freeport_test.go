package freeport_test

import (
	"net"
	"testing"

	"app/platform/freeport"
)

// What is reserved is given to nobody else, and whoever has been told of it can listen
// there, again and again.
func TestAddress(t *testing.T) {
	t.Parallel()
	reserved := map[string]bool{}
	for range 500 {
		address, err := freeport.Address()
		if err != nil {
			t.Fatal(err)
		}
		if reserved[address] {
			t.Fatalf("%s was given twice", address)
		}
		reserved[address] = true
	}
	target := listen(t, "127.0.0.1:0")
	for range 2000 {
		l := listen(t, "127.0.0.1:0")
		if reserved[l.Addr().String()] {
			t.Fatalf("%s, which is reserved, was given to somebody else", l.Addr())
		}
		l.Close()
		out, err := new(net.Dialer).DialContext(t.Context(), "tcp", target.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if reserved[out.LocalAddr().String()] {
			t.Fatalf("%s, which is reserved, was given to a connection", out.LocalAddr())
		}
		in, err := target.Accept()
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
		out.Close()
	}
	for address := range reserved {
		if out, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
			out.Close()
			t.Fatalf("somebody listens at %s", address)
		}
		for range 2 {
			listen(t, address).Close()
		}
	}
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}
