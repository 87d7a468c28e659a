package edge

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"app/platform/text"
)

// Proxies are the networks whose X-Forwarded-For is believed.
type Proxies []netip.Prefix

// ClientIP is the address a request came from. X-Forwarded-For is walked from right to
// left for as long as the addresses belong to trusted proxies; the first that does not
// is the client. Without trusted proxies it is the peer.
func (p Proxies) ClientIP(r *http.Request) netip.Addr {
	client, _ := p.clientAddress(r)
	return client
}

// oddity is what somebody should look at in the forwarding headers of a request.
type oddity int

const (
	nothingOdd       oddity = iota
	strangerForwards        // a peer that is no trusted proxy sends X-Forwarded-For
	hopUnreadable           // a trusted proxy sends an entry that is no address
)

// clientAddress finds the client. What comes before an entry that is no address, such
// as "unknown" (RFC 7239 section 6.2) or "_hidden" (6.3), is not believed: the client
// is the proxy that wrote it.
func (p Proxies) clientAddress(r *http.Request) (netip.Addr, oddity) {
	client, forwarded := peerAddress(r), r.Header["X-Forwarded-For"]
	if len(forwarded) == 0 {
		return client, nothingOdd
	}
	if !p.isTrusted(client) {
		return client, strangerForwards
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		entry := strings.Trim(hops[i], " \t")
		if entry == "" { // of a list, which may have empty elements (RFC 9110 section 5.6.1.2)
			continue
		}
		hop, ok := parseForwardedAddress(entry)
		if !ok {
			return client, hopUnreadable
		}
		if client = hop; !p.isTrusted(client) {
			return client, nothingOdd
		}
	}
	return client, nothingOdd
}

// parseForwardedAddress reads an entry of X-Forwarded-For, which proxies write as they
// would a node of RFC 7239 section 6: an address, with a port or without, IPv6 in
// brackets or not, all of it in quotation marks or not. The port is left out.
func parseForwardedAddress(entry string) (netip.Addr, bool) {
	if len(entry) >= 2 && entry[0] == '"' && entry[len(entry)-1] == '"' {
		entry = entry[1 : len(entry)-1]
	}
	host, rest := entry, ""
	switch {
	case strings.HasPrefix(entry, "["):
		var closed bool
		if host, rest, closed = strings.Cut(entry[1:], "]"); !closed || !strings.Contains(host, ":") {
			return netip.Addr{}, false
		}
	case strings.Count(entry, ":") == 1: // IPv6 has two at least
		at := strings.IndexByte(entry, ':')
		host, rest = entry[:at], entry[at:]
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || rest != "" && !isPortSuffix(rest) {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}

// isPortSuffix reports whether s is a colon and a port, or a name that stands for one
// (node-port of RFC 7239 section 6).
func isPortSuffix(s string) bool {
	s, colon := strings.CutPrefix(s, ":")
	digits, name := len(s) > 0 && len(s) <= 5, len(s) > 1 && s[0] == '_'
	for i := range len(s) {
		number := s[i] >= '0' && s[i] <= '9'
		digits = digits && number
		name = name && isUnreservedChar(s[i]) && s[i] != '~'
	}
	return colon && (digits || name)
}

// forwardingTold remembers what has been said of forwarding headers: once each is
// enough, and strangers must not be able to fill a log. The zero value has said
// nothing.
type forwardingTold [hopUnreadable + 1]atomic.Bool

// warnOnce warns of an oddity that has not been warned of before.
func (t *forwardingTold) warnOnce(logger *slog.Logger, r *http.Request, what oddity, client netip.Addr) {
	if what == nothingOdd || logger == nil || t[what].Swap(true) {
		return
	}
	peer, entry := slog.String("peer", peerAddress(r).String()), slog.String("x_forwarded_for", text.Cut(text.Valid(r.Header["X-Forwarded-For"][0]), shownEntry))
	if what == strangerForwards {
		logger.WarnContext(r.Context(), "X-Forwarded-For comes from a peer that is not in TRUSTED_PROXIES and is not believed: "+
			"if it is your proxy, its clients all count as one; said once", peer, entry)
		return
	}
	logger.WarnContext(r.Context(), "X-Forwarded-For of a trusted proxy has an entry that is no address: "+
		"its clients count as the last address that can be read; said once", peer, entry, slog.String("client", client.String()))
}

// shownEntry bounds in bytes what a log line shows of a header.
const shownEntry = 200

func (p Proxies) isTrusted(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

func peerAddress(r *http.Request) netip.Addr {
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

// Network is what a limit counts for an address: the address itself for IPv4, the /64
// for IPv6, of which one customer has at least one whole.
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

// truncateAddress is the part of an address that a session or an audit record may keep:
// a /24 of IPv4, a /48 of IPv6.
func truncateAddress(a netip.Addr) string {
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
