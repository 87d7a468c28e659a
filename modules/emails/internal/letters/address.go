package letters

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
)

// ErrAddress is returned for what is no address that letters can be sent to.
var ErrAddress = errors.New("expected one bare e-mail address")

// Address checks a recipient and gives the form in which it is kept and written on the wire: one bare address without a
// name, the part before the @ in visible ASCII as it was given (at most 64 bytes), the domain in lower-case ASCII, all in
// at most 254 bytes (RFC 5321 section 4.5.3.1).
//
// Domains in other scripts are taken and turned into their ASCII form (IDNA 2008, RFC 5891), which every server
// understands. Other scripts before the @ would need SMTPUTF8 (RFC 6531) on every server of the way; Amazon SES and many
// others lack it, so they are refused here, where the caller learns of it, and not by a bounce. So are quoted local parts,
// comments and address literals. Error: ErrAddress.
func Address(s string) (string, error) {
	local, domain, ok := cut(s)
	if !ok || len(local) > 64 || strings.ContainsFunc(local, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' }) {
		return "", ErrAddress
	}
	domain, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return "", fmt.Errorf("%w: its domain: %w", ErrAddress, err)
	}
	out := local + "@" + domain
	parsed, err := mail.ParseAddress(out)
	if err != nil || parsed.Address != out || len(out) > 254 || !strings.Contains(domain, ".") {
		return "", ErrAddress
	}
	return out, nil
}

func cut(s string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 512 {
		return "", "", false
	}
	return s[:at], s[at+1:], true
}

// Key is what an address is compared by: servers that tell upper from lower case before the @ are not seen any more, and
// whoever complained as Ada@ does not want letters as ada@ either.
func Key(address string) string { return strings.ToLower(address) }
