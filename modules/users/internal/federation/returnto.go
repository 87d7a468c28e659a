package federation

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// ReturnList are the addresses, besides paths of this site, that a browser may be sent
// to after a sign-in.
type ReturnList []string

// Choose is where a browser goes after a sign-in: the place it asks for, if that is
// allowed, else "/".
//
//  1. A path of this site: it begins with one slash, and nothing in it can be read as
//     another host, however a browser mends it (no backslash, no control character, no
//     second slash in front).
//  2. One of the addresses of USERS_RETURN_TO, exactly as it is configured (RFC 9700
//     section 4.1.3).
func (l ReturnList) Choose(wanted string) string {
	if localPath(wanted) || slices.Contains(l, wanted) {
		return wanted
	}
	return "/"
}

// ReturnTo is where a browser goes after a sign-in, see ReturnList.Choose.
func (s *Service) ReturnTo(wanted string) string { return s.returnTo.Choose(wanted) }

// maxReturnTo bounds what is kept with the state of a sign-in.
const maxReturnTo = 500

func localPath(wanted string) bool {
	if len(wanted) > maxReturnTo || !strings.HasPrefix(wanted, "/") || strings.HasPrefix(wanted, "//") {
		return false
	}
	for i := range len(wanted) {
		if c := wanted[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(wanted)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && u.Opaque == "" && cleanPath(u.Path)
}

// cleanPath refuses what is only a path until it is cleaned: "/..//evil.example" and
// "/%5cevil.example".
func cleanPath(path string) bool {
	return !strings.Contains(path, "//") && !strings.Contains(path, `\`) && !strings.Contains(path+"/", "/../") && !strings.Contains(path+"/", "/./") &&
		!strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) })
}
