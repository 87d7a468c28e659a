package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// OpaqueString is a password as it is to be hashed: the OpaqueString profile of PRECIS
// (RFC 8265 section 4.2.1) without its refusals, which are the business of the rules
// for new passwords. Spaces of every script become U+0020 and the rest is put in NFC,
// so that "é" is one password however a keyboard writes it. Case and width stay. What
// is not valid UTF-8 comes back as it is.
func OpaqueString(password string) string {
	if isASCII(password) || Valid(password) != password {
		return password
	}
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, password))
}
