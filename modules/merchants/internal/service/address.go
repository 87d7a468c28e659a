package service

import (
	"net/mail"
	"strings"
)

// parseAddress reads the address of somebody to be invited, and gives the form by which two spellings are the same: one bare
// ASCII address with a domain of two labels at least, in the bounds of RFC 5321 section 4.5.3.1.
func parseAddress(text string) (email, key string, ok bool) {
	text = strings.TrimSpace(text)
	local, domain, _ := strings.Cut(text, "@")
	parsed, err := mail.ParseAddress(text)
	ok = err == nil && parsed.Address == text && len(text) <= 254 && len(local) <= 64 && strings.Contains(domain, ".") &&
		!strings.ContainsAny(text, `"[`) && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
	return text, strings.ToLower(text), ok
}
