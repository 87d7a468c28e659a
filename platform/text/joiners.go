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

// joins reports whether the joiner at i has an effect where it stands:
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
func joins(chars []rune, i int) bool {
	before, next := base(chars[:i]), after(chars, i)
	switch {
	case i == 0 || before == 0:
		return false
	case virama(chars[i-1]):
		return true
	case chars[i] == zwnj:
		return word(before) && word(next) && (cursive(before) || cursive(next))
	}
	return cursive(before) || unicode.Is(unicode.L, before) && virama(next) || pictured(chars[:i]) && emoji(next)
}

// base is the last character that is no mark; 0 where there is none.
func base(chars []rune) rune {
	for i := len(chars) - 1; i >= 0; i-- {
		if !unicode.Is(unicode.M, chars[i]) {
			return chars[i]
		}
	}
	return 0
}

// after is the character behind i, 0 at the end.
func after(chars []rune, i int) rune {
	if i+1 < len(chars) {
		return chars[i+1]
	}
	return 0
}

func word(r rune) bool { return unicode.In(r, unicode.L, unicode.N) }

// classVirama is the Canonical_Combining_Class of what takes the vowel from a letter.
const classVirama = 9

func virama(r rune) bool {
	return r >= 0x80 && norm.NFC.PropertiesString(string(r)).CCC() == classVirama
}

// cursive reports whether r is a letter of a script whose letters join (UAX #44,
// Joining_Type: the scripts of ArabicShaping.txt).
func cursive(r rune) bool {
	return unicode.Is(unicode.L, r) && unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Mandaic,
		unicode.Phags_Pa, unicode.Manichaean, unicode.Psalter_Pahlavi, unicode.Adlam, unicode.Hanifi_Rohingya, unicode.Sogdian,
		unicode.Old_Uyghur, unicode.Chorasmian)
}

// pictured reports whether an emoji ends here, with its skin tone and presentation.
func pictured(chars []rune) bool {
	for i := len(chars) - 1; i >= 0; i-- {
		if r := chars[i]; r != '\ufe0f' && (r < '\U0001f3fb' || r > '\U0001f3ff') {
			return emoji(r)
		}
	}
	return false
}

// emoji is wider than the property of UTS #51: symbols, and the two arrows of shaking
// heads.
func emoji(r rune) bool { return unicode.Is(unicode.So, r) || r == '\u2194' || r == '\u2195' }

// selects reports whether a variation selector has something to select behind chars.
// The sequences are those of StandardizedVariants.txt, emoji-variation-sequences.txt
// and the Ideographic Variation Database (UTS #37), by the kind of their base.
func selects(chars []rune, selector, next rune) bool {
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
