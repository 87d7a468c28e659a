package httpserver

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// refuseTime bounds the writing of an answer to a connection that has no place. It fits
// the socket's buffer, so it takes none.
const refuseTime = 100 * time.Millisecond

// doorkeeper is a listener that counts connections, in total and for each network, and
// turns away those beyond a limit with an answer: who only waits is no wiser, and a
// queue of connections is what a flood wants.
type doorkeeper struct {
	net.Listener

	server  *Server
	mu      sync.Mutex
	total   int
	network map[netip.Prefix]int
}

// Accept implements net.Listener.
func (d *doorkeeper) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // net/http compares
		}
		network := d.networkOf(conn)
		if d.admitConnection(network) {
			c := &connection{Conn: conn, server: d.server, born: time.Now()}
			c.ended = func() { d.releaseConnection(network) }
			return c, nil
		}
		_ = conn.SetWriteDeadline(time.Now().Add(refuseTime))
		_, _ = conn.Write(d.server.renderProblemReply(http.StatusServiceUnavailable)) // who does not read it has been turned away as well
		_ = conn.Close()
	}
}

// networkOf is what a connection counts for; the zero prefix, which has no limit of its
// own, for proxies of the house and for what has no address.
func (d *doorkeeper) networkOf(conn net.Conn) netip.Prefix {
	at, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr := at.AddrPort().Addr().Unmap()
	for _, trusted := range d.server.Trusted {
		if trusted.Contains(addr) {
			return netip.Prefix{}
		}
	}
	return Network(addr)
}

func (d *doorkeeper) admitConnection(network netip.Prefix) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	full := d.server.MaxConnections > 0 && d.total >= d.server.MaxConnections
	if most := d.server.MaxPerNetwork; most > 0 && network.IsValid() && d.network[network] >= most {
		full = true
	}
	if full {
		return false
	}
	d.total++
	d.network[network]++
	return true
}

func (d *doorkeeper) releaseConnection(network netip.Prefix) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total--
	if d.network[network]--; d.network[network] == 0 {
		delete(d.network, network)
	}
}

// Network is what limits count for an address: the address itself for IPv4, the /64 for
// IPv6, of which one customer has at least one whole.
func Network(addr netip.Addr) netip.Prefix {
	bits := 64
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		bits = 32
	}
	prefix, _ := addr.Prefix(bits) // of the zero address the zero prefix
	return prefix
}
