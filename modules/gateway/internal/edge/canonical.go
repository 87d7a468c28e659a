// Package edge decides about the bytes of a request before anything else does: whether
// its path is canonical, where it comes from, and what operation it is for.
package edge

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Canonical reports whether a path, as escaped on the wire, has only one reading.
// Nothing is cleaned and passed on: what is not canonical is refused with 400, so the
// bytes that were authorised are the bytes that are forwarded, and a filter in front
// that compares text sees what the shop sees (CVE-2024-45410 and its kin; Envoy's edge
// checklist).
//
//  1. A path begins with a slash and has the characters of RFC 3986 section 3.3,
//     without the semicolon: some servers cut a segment there. A quotation mark, a
//     brace or a control character has to be escaped.
//  2. No segment is empty, but the one behind a last slash. None ends with a dot: "."
//     and ".." lead elsewhere, and some file systems drop the last dots of a name.
//  3. A percent sign begins an escape of two hexadecimal digits. Their case makes no
//     second reading (section 6.2.2.1).
//  4. What needs no escape has none: letters, digits, "-", ".", "_" and "~" (section
//     6.2.2.2), or "/%64ev" is "/dev".
//  5. What would part the path if it were read again stays out: escapes of the slash,
//     the backslash, the semicolon, the question mark, the number sign and the percent
//     sign itself (double encoding), and of control characters.
//  6. Escapes of bytes above 0x7f are of valid UTF-8, which excludes overlong forms of
//     the characters above.
//
// The query is no path: it may hold anything. FuzzCanonical holds that what passes is
// read alike by net/url, by gorilla/mux, by Table and by the proxy.
func Canonical(escaped string) bool {
	if !strings.HasPrefix(escaped, "/") {
		return false
	}
	high := false
	for i := 0; i < len(escaped); i++ {
		switch c := escaped[i]; {
		case c == '%':
			code, ok := escapedByte(escaped[i:])
			if !ok || refusedEscape(code) {
				return false
			}
			high = high || code >= utf8.RuneSelf
			i += 2
		case c != '/' && !isUnreservedChar(c) && strings.IndexByte(plainInPath, c) < 0:
			return false
		}
	}
	return plainSegments(escaped) && (!high || validText(escaped))
}

// plainInPath are the characters besides unreserved ones that a segment may have as
// they are: sub-delims but the semicolon, ":" and "@" (RFC 3986 section 3.3).
const plainInPath = "!$&'()*+,=:@"

// refusedInEscapes are characters that an escape must not hide.
const refusedInEscapes = `/\;?#%`

// isUnreservedChar reports whether a character never needs an escape (RFC 3986 section
// 2.3).
func isUnreservedChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// refusedEscape reports whether a byte must not be written as an escape.
func refusedEscape(code byte) bool {
	return code < ' ' || code == 0x7f || isUnreservedChar(code) || strings.IndexByte(refusedInEscapes, code) >= 0
}

// escapedByte is what the escape stands for that s begins with.
func escapedByte(s string) (code byte, ok bool) {
	if len(s) < 3 {
		return 0, false
	}
	high, ok1 := hexDigit(s[1])
	low, ok2 := hexDigit(s[2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (value byte, ok bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// validText reports whether a path is UTF-8 without control characters once its escapes
// are read.
func validText(escaped string) bool {
	path, err := url.PathUnescape(escaped)
	if err != nil || !utf8.ValidString(path) {
		return false
	}
	return !strings.ContainsFunc(path, func(r rune) bool { return r >= 0x80 && r < 0xa0 }) // C1, the controls of Latin 1
}

// plainSegments refuses "//" and segments that end with a dot. A single trailing slash
// is left to the router, which has no such route.
func plainSegments(path string) bool {
	for rest := path[1:]; ; {
		segment, after, more := strings.Cut(rest, "/")
		if strings.HasSuffix(segment, ".") || segment == "" && more {
			return false
		}
		if !more {
			return true
		}
		rest = after
	}
}

// wirePath is the path of a request's target as it was written. URL.EscapedPath would
// escape it anew where a client has not.
func wirePath(u *url.URL) string {
	if u.RawPath != "" {
		return u.RawPath
	}
	return u.EscapedPath()
}

// plainTarget reports whether a request's target is a path, or the whole address of one
// in http or https without a user's name (RFC 9112 section 3.2.2, RFC 9110 section
// 4.2.4). The host of a whole address takes the place of the header Host, as the RFC
// demands and net/http does.
func plainTarget(u *url.URL) bool {
	return u.Opaque == "" && u.User == nil && (u.Scheme == "" || u.Scheme == "http" || u.Scheme == "https")
}
