// Package edge decides about the bytes of a request before anything else does: whether its path is canonical, where
// it comes from, and what operation it is for.
package edge

import "strings"

// refusedEscapes are percent-encodings that a router and a server behind it may read differently: slash, backslash,
// NUL, dot, and the percent sign itself (double encoding).
var refusedEscapes = []string{"%2f", "%5c", "%00", "%2e", "%25"}

// Canonical tells whether a path, as escaped on the wire, has only one reading: it starts with a slash, has no empty
// and no dot segment, no parameter after a semicolon, no backslash, no control character and none of the encodings
// above. Whatever else is refused with 400; nothing is cleaned and passed on, so the bytes that were authorised are the
// bytes that are forwarded. (CVE-2024-45410 and its kin; Envoy's edge checklist.)
func Canonical(escaped string) bool {
	if !strings.HasPrefix(escaped, "/") {
		return false
	}
	for i := range len(escaped) {
		switch c := escaped[i]; {
		case c <= ' ' || c >= 0x7f || c == '\\' || c == ';':
			return false
		case c == '%' && !plainEscape(escaped[i:]):
			return false
		}
	}
	return plainSegments(escaped)
}

// plainEscape checks the percent-encoding that s begins with.
func plainEscape(s string) bool {
	if len(s) < 3 || !isHex(s[1]) || !isHex(s[2]) {
		return false
	}
	code := strings.ToLower(s[:3])
	for _, refused := range refusedEscapes {
		if code == refused {
			return false
		}
	}
	return code[1] >= '2' && code != "%7f" // control characters hide from whoever reads a log
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// plainSegments refuses "//", "/./" and "/../". A single trailing slash is left to the router, which has no such route.
func plainSegments(path string) bool {
	for rest := path[1:]; ; {
		segment, after, more := strings.Cut(rest, "/")
		if segment == "." || segment == ".." || segment == "" && more {
			return false
		}
		if !more {
			return true
		}
		rest = after
	}
}
