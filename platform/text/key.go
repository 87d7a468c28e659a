package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key is the form by which two spellings are one for a search, and for a name that has
// to be unique: compatibility caseless matching (The Unicode Standard 3.13, definition
// D146) in NFKC (UAX #15) without default-ignorable characters, which is what
// NFKC_Casefold of UAX #44 is for. So composed and decomposed letters are one, as are ß
// and ss, both forms of sigma, and full and half width. Besides, the Turkish letters ı,
// I, i and İ are one, since nothing tells in which language a word is written. Accents
// count.
//
// Key(Key(s)) is Key(s). The text may be longer than s, in rare cases 18 times. Plain
// ASCII costs no more than strings.ToLower.
func Key(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	fold := cases.Fold() // it may not be shared
	s = strings.Map(dropIgnorable, Valid(s))
	s = fold.String(norm.NFD.String(s))
	s = fold.String(norm.NFKD.String(s))
	s = strings.Map(foldCherokee, foldDottedI(norm.NFKD.String(s)))
	return strings.Map(dropIgnorable, norm.NFKC.String(s))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// dropIgnorable drops what is ignored by default.
func dropIgnorable(r rune) rune {
	if r >= 0x80 && (unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)) {
		return -1
	}
	return r
}

// foldCherokee folds the letters of the one script that folds to its capitals, as
// CaseFolding.txt has it and golang.org/x/text/cases has not.
func foldCherokee(r rune) rune {
	switch {
	case r >= 0xab70 && r <= 0xabbf:
		return r - 0xab70 + 0x13a0
	case r >= 0x13f8 && r <= 0x13fd:
		return r - 8
	}
	return r
}

const dotAbove = '\u0307'

// foldDottedI makes one letter of i with and without its dot, in decomposed text.
func foldDottedI(s string) string {
	onI := false
	return strings.Map(func(r rune) rune {
		switch {
		case r == dotAbove && onI:
			return -1
		case r == 'ı':
			r = 'i'
		}
		onI = r == 'i' || onI && unicode.Is(unicode.M, r)
		return r
	}, s)
}
