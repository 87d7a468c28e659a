package edge

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks whose X-Forwarded-For is believed.
type Proxies []netip.Prefix

// ClientIP is the address a request came from. X-Forwarded-For is walked from right to left for as long as the
// addresses belong to trusted proxies; the first that does not is the client. Without trusted proxies it is the peer.
func (p Proxies) ClientIP(r *http.Request) netip.Addr {
	client := peer(r)
	if !p.trust(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return client
		}
		client = hop.Unmap()
		if !p.trust(client) {
			return client
		}
	}
	return client
}

func (p Proxies) trust(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.IPv6Unspecified()
	}
	return addr.Unmap().WithZone("")
}

// Network is what a limit counts for an address: the address itself for IPv4, the /64 for IPv6, of which one customer
// has at least one whole.
func Network(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	prefix, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return prefix.String()
}

// coarse is the part of an address that a session or an audit record may keep: a /24 of IPv4, a /48 of IPv6.
func coarse(a netip.Addr) string {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	prefix, err := a.Prefix(bits)
	if err != nil || a.IsUnspecified() {
		return ""
	}
	return prefix.String()
}
