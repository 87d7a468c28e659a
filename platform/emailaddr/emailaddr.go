// Package emailaddr has the house's one rule for an e-mail address. Whatever takes an
// address asks it: accounts, checkout, invitations, imports, the command line and the
// module that sends e-mails. So what one of them takes the others take too.
package emailaddr

import (
	"errors"
	"strings"

	"golang.org/x/net/idna"
)

// Bounds in bytes: of the part before the @ (RFC 5321 section 4.5.3.1.1), of a whole
// address without angle brackets (section 4.5.3.1.3 with erratum 1690 of RFC 3696), and
// of one label of a domain (RFC 1035 section 2.3.4).
const (
	MaxLocal = 64
	MaxBytes = 254
	maxLabel = 63
)

// Why an address is refused. The texts follow the name of a field.
var (
	// ErrAddress is what every refusal of Parse is (errors.Is).
	ErrAddress = errors.New("must be an e-mail address such as ada@example.com")
	// ErrLocal is the refusal of other scripts before the @; see Parse.
	ErrLocal error = refusal("must have only ASCII letters, digits and signs before the @: other letters are not delivered everywhere")
)

// refusal is a special case of ErrAddress with a text of its own.
type refusal string

// Error implements error.
func (r refusal) Error() string { return string(r) }

// Is makes every refusal an ErrAddress.
func (refusal) Is(target error) bool { return target == ErrAddress }

// Address is an accepted address. The zero value is none.
type Address struct{ shown, deliverable string }

// String is the form to keep and to show: as it was given, with a domain in another
// script in its normal form (U-labels, RFC 5890 section 2.3.2.1). Parse takes it again.
func (a Address) String() string { return a.shown }

// Key is the form by which two spellings are one address: the deliverable form in lower
// case. Servers may tell upper from lower case before the @ (RFC 5321 section 2.4);
// none that people use does, and two accounts that differ by it would be confused. At
// most MaxBytes bytes of ASCII.
func (a Address) Key() string { return strings.ToLower(a.deliverable) }

// Deliverable is the form that goes over the wire: ASCII, the part before the @ as it
// was given, the domain in lower-case A-labels (RFC 5890 section 2.3.2.1). It is one
// bare addr-spec of RFC 5322 section 3.4.1 without quotes, comments or folding, of at
// most MaxBytes bytes.
func (a Address) Deliverable() string { return a.deliverable }

// Parse reads one bare address:
//
//  1. The part before the @ is a dot-atom (RFC 5322 section 3.2.3) of at most MaxLocal
//     bytes. Quoted parts are refused: they can be had, and hardly any form or mail
//     program takes them. So are other scripts (ErrLocal): they need SMTPUTF8 at every
//     server on the way (RFC 6531), which cannot be relied on, so the refusal has to
//     meet whoever can give another address.
//  2. The domain has at least two labels of letters, digits and inner hyphens (RFC 1123
//     section 2.1). The last one is no number, hence no address of a host, and neither
//     localhost nor invalid, which lead nowhere (RFC 6761 sections 6.3 and 6.4).
//     Address literals are refused.
//  3. A domain in another script is mapped, checked and encoded for look-up by IDNA
//     2008 (RFC 5891 section 5, UTS #46).
//  4. Nothing is trimmed: spaces are refused, wherever they are.
//
// Errors: ErrAddress, and ErrLocal among it.
func Parse(s string) (Address, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || len(s) > MaxBytes {
		return Address{}, ErrAddress
	}
	local, domain := s[:at], s[at+1:]
	encoded, err := idna.Lookup.ToASCII(domain)
	if err != nil || !validDomain(encoded) {
		return Address{}, ErrAddress
	}
	switch {
	case len(local) > MaxLocal || len(local)+1+len(encoded) > MaxBytes:
		return Address{}, ErrAddress
	case !isASCII(local) && dotAtom(strings.Map(replaceNonASCII, local)):
		return Address{}, ErrLocal
	case !dotAtom(local):
		return Address{}, ErrAddress
	}
	a := Address{shown: s, deliverable: local + "@" + encoded}
	if !isASCII(domain) {
		shown, err := idna.Lookup.ToUnicode(encoded)
		if err != nil || at+1+len(shown) > MaxBytes {
			return Address{}, ErrAddress
		}
		a.shown = local + "@" + shown
	}
	return a, nil
}

// Typed is Parse for what a person has typed or pasted: spaces around it are no part of
// the address. Errors as for Parse.
func Typed(s string) (Address, error) { return Parse(strings.TrimSpace(s)) }

// Key is the key of an address that is looked up, never of one that is new. It takes
// everything: what Parse refuses is only trimmed and put in lower case. That was the
// whole rule once, so an account made before an address was refused is still found.
func Key(s string) string {
	if a, err := Typed(s); err == nil {
		return a.Key()
	}
	return strings.ToLower(strings.TrimSpace(s))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// replaceNonASCII stands a letter in for every character that is not ASCII.
func replaceNonASCII(r rune) rune {
	if r >= 0x80 {
		return 'x'
	}
	return r
}

// dotAtom reports whether s is non-empty parts of atext with dots between.
func dotAtom(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || strings.ContainsFunc(part, notAtext) {
			return false
		}
	}
	return true
}

func notAtext(r rune) bool {
	return !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// validDomain judges a domain in its ASCII form.
func validDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if !validLabel(label) {
			return false
		}
	}
	last := labels[len(labels)-1]
	if len(labels) < 2 || last == "localhost" || last == "invalid" {
		return false
	}
	return strings.Trim(last, "0123456789") != ""
}

func validLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(label, func(r rune) bool { return !isAlphanumeric(r) && r != '-' })
}
