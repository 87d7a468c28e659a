package template

import (
	"strings"
	"unicode"
)

// preventAutoLinks puts spaces into whatever a mail client would turn into a link by
// itself: addresses of pages with and without a scheme, e-mail addresses, UNC paths.
// Strangers choose titles, names and messages, and the shop sends them to somebody
// else, who trusts the shop. Nothing is left out, so what was honest stays readable.
//
//  1. A dot that something follows gets a space behind it. Any of the dots that IDNA
//     takes for one does (UTS #46 section 2.3, and those that NFKC turns into one).
//     Between digits it stays, as in 19.90 and 24.12.2026, unless there are as many
//     numbers as an IPv4 address has.
//  2. A colon within a word gets a space behind it: what is before it could be a scheme
//     (RFC 3986 section 3.1). Between digits it stays, as in 12:30.
//  3. An @ within a word gets a space on either side.
//  4. Two backslashes are parted: Outlook links \\server\share.
//
// Text that is defused stays as it is.
func preventAutoLinks(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return isDot(r) || isColon(r) || isAt(r) || r == '\\' }) {
		return s
	}
	text := []rune(s)
	var out strings.Builder
	for i, r := range text {
		before, behind := spacesNeededAround(text, i)
		if before {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
		if behind {
			out.WriteByte(' ')
		}
	}
	return out.String()
}

// spacesNeededAround reports on which sides of a character a space has to be added.
func spacesNeededAround(text []rune, i int) (before, behind bool) {
	if i == 0 {
		return false, false
	}
	prev, next := text[i-1], ' '
	if i+1 < len(text) {
		next = text[i+1]
	}
	number := unicode.IsDigit(prev) && unicode.IsDigit(next)
	switch r := text[i]; {
	case unicode.IsSpace(prev):
		return false, isAt(r) && !unicode.IsSpace(next)
	case isDot(r):
		behind = canBeginLabel(next) && (!number || isDotInIPv4(text, i))
	case isColon(r):
		behind = !endsPrecedingText(next) && !number
	case isAt(r):
		before, behind = true, !unicode.IsSpace(next)
	case r == '\\':
		before = prev == '\\'
	}
	return before, behind
}

// isDotInIPv4 reports whether the dot stands among four numbers or more with dots
// between them.
func isDotInIPv4(text []rune, i int) bool {
	part := func(r rune) bool { return unicode.IsDigit(r) || isDot(r) }
	from, to, dots := i, i, 0
	for from > 0 && part(text[from-1]) {
		from--
	}
	for to+1 < len(text) && part(text[to+1]) {
		to++
	}
	for _, r := range text[from : to+1] {
		if isDot(r) {
			dots++
		}
	}
	return dots >= 3
}

func isDot(r rune) bool { return strings.ContainsRune(".。．｡․﹒", r) }

func isColon(r rune) bool { return strings.ContainsRune(":：﹕", r) }

func isAt(r rune) bool { return strings.ContainsRune("@＠﹫", r) }

// canBeginLabel reports whether a label of a domain could begin with the character, as
// a careless reader has it: with everything but spaces and punctuation, hyphens and low
// lines excepted.
func canBeginLabel(r rune) bool {
	return !unicode.IsSpace(r) && (!unicode.IsPunct(r) || unicode.In(r, unicode.Pd, unicode.Pc))
}

// endsPrecedingText reports whether the character ends what is before it.
func endsPrecedingText(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Pe, unicode.Pf) || strings.ContainsRune(`,;!?"'`, r)
}
