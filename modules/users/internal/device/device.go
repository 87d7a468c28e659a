// Package device tells what accounts have been signed in to with, and from where: by
// their sessions, and by the audit log for as long as that is kept. It keeps nothing.
package device

import (
	"net/netip"
	"strings"
)

// programs and systems are what a User-Agent says and what people call that. The first
// that is found counts: most say that they are others too.
var (
	programs = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = [][2]string{
		{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Macintosh", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// ProgramOf names the program and its system, each empty when it is none of the usual
// ones: an e-mail shows nothing that a stranger has made up.
func ProgramOf(agent string) (program, system string) {
	return firstIn(agent, programs), firstIn(agent, systems)
}

func firstIn(text string, names [][2]string) string {
	for _, n := range names {
		if strings.Contains(text, n[0]) {
			return n[1]
		}
	}
	return ""
}

// PlaceOf widens a network to what one provider has; empty when there is none.
func PlaceOf(network string) string {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return ""
	}
	bits := 32
	if prefix.Addr().Is4() {
		bits = 16
	}
	return netip.PrefixFrom(prefix.Addr(), min(bits, prefix.Bits())).Masked().String()
}

// Device is what an account has been signed in to with, and the network that it was in.
type Device struct{ UserAgent, Network string }

// IsLike reports whether the program of the device is that of one of the others, and its
// place that of one of them.
func (d Device) IsLike(others []Device) bool {
	program, system := ProgramOf(d.UserAgent)
	place := PlaceOf(d.Network)
	sameProgram, samePlace := false, place == ""
	for _, o := range others {
		p, on := ProgramOf(o.UserAgent)
		sameProgram = sameProgram || p == program && on == system
		samePlace = samePlace || PlaceOf(o.Network) == place
	}
	return sameProgram && samePlace
}
