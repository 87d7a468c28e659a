package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	zwnj = '\u200c' // zero width non-joiner
	zwj  = '\u200d' // zero width joiner
)

// hasJoiningEffect reports whether the joiner at i has an effect where it stands:
//
//   - behind a virama, in Indic scripts (RFC 5892 appendices A.1 and A.2);
//   - ZWJ between a letter and a virama, as Bengali and Kannada spell some conjuncts
//     (The Unicode Standard 12.2);
//   - ZWNJ between letters or numbers of which one is of a cursive script, as Persian
//     sets off its endings. RFC 5892 asks that the letters would join without it.
//     People write it after letters that do not, and in "PDF\u200cها", so this is
//     wider;
//   - ZWJ behind a letter of a cursive script, which shapes it as within a word (UAX
//     #31 section 2.3);
//   - ZWJ between two emoji (UTS #51, definition ED-16).
func hasJoiningEffect(chars []rune, i int) bool {
	before, next := lastBaseChar(chars[:i]), nextChar(chars, i)
	switch {
	case i == 0 || before == 0:
		return false
	case isVirama(chars[i-1]):
		return true
	case chars[i] == zwnj:
		return isWordChar(before) && isWordChar(next) && (isCursive(before) || isCursive(next))
	}
	return isCursive(before) || unicode.Is(unicode.L, before) && isVirama(next) || endsWithEmoji(chars[:i]) && isEmoji(next)
}

// lastBaseChar is the last character that is no mark; 0 where there is none.
func lastBaseChar(chars []rune) rune {
	for i := len(chars) - 1; i >= 0; i-- {
		if !unicode.Is(unicode.M, chars[i]) {
			return chars[i]
		}
	}
	return 0
}

// nextChar is the character behind i, 0 at the end.
func nextChar(chars []rune, i int) rune {
	if i+1 < len(chars) {
		return chars[i+1]
	}
	return 0
}

func isWordChar(r rune) bool { return unicode.In(r, unicode.L, unicode.N) }

// classVirama is the Canonical_Combining_Class of what takes the vowel from a letter.
const classVirama = 9

func isVirama(r rune) bool {
	return r >= 0x80 && norm.NFC.PropertiesString(string(r)).CCC() == classVirama
}

// isCursive reports whether r is a letter of a script whose letters join (UAX #44,
// Joining_Type: the scripts of ArabicShaping.txt).
func isCursive(r rune) bool {
	return unicode.Is(unicode.L, r) && unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Mandaic,
		unicode.Phags_Pa, unicode.Manichaean, unicode.Psalter_Pahlavi, unicode.Adlam, unicode.Hanifi_Rohingya, unicode.Sogdian,
		unicode.Old_Uyghur, unicode.Chorasmian)
}

// endsWithEmoji reports whether an emoji ends here, with its skin tone and
// presentation.
func endsWithEmoji(chars []rune) bool {
	for i := len(chars) - 1; i >= 0; i-- {
		if r := chars[i]; r != '\ufe0f' && (r < '\U0001f3fb' || r > '\U0001f3ff') {
			return isEmoji(r)
		}
	}
	return false
}

// isEmoji is wider than the property of UTS #51: symbols, and the two arrows of shaking
// heads.
func isEmoji(r rune) bool { return unicode.Is(unicode.So, r) || r == '\u2194' || r == '\u2195' }

// allowsVariationSelector reports whether a variation selector has something to select
// behind chars. The sequences are those of StandardizedVariants.txt,
// emoji-variation-sequences.txt and the Ideographic Variation Database (UTS #37), by
// the kind of their base.
func allowsVariationSelector(chars []rune, selector, next rune) bool {
	on := chars[len(chars)-1]
	switch {
	case selector == '\ufe0e' || selector == '\ufe0f':
		keycap := next == '\u20e3' && strings.ContainsRune("0123456789#*", on)
		return keycap || unicode.In(on, unicode.So, unicode.Sm) || on >= 0x80 && strings.ContainsRune("‼⁉ℹ〰〽", on) ||
			on >= '\U0001f3fb' && on <= '\U0001f3ff'
	case selector >= '\U000e0100':
		return unicode.Is(unicode.Han, on)
	case selector < '\ufe00': // the free variation selectors
		return unicode.Is(unicode.Mongolian, on) && unicode.Is(unicode.L, on)
	}
	return unicode.In(on, unicode.Han, unicode.Sm, unicode.Myanmar, unicode.Phags_Pa, unicode.Manichaean)
}
