package text

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrEmpty is the refusal of text of which nothing is left without spaces around it.
// Its text, as those of all refusals here, follows the name of a field.
var ErrEmpty = errors.New("must not be empty")

// Line is one line of text from outside in the form to keep: a name, a title, a reason.
// It may have letters, marks, numbers, punctuation, symbols and spaces of every script,
// which is the FreeformClass of PRECIS (RFC 8264 section 4.3) with emoji and the Indic
// and Arabic joiners besides. It has nothing that renders as nothing, turns other text
// around or ends the line; see allowed. Spaces around it are taken away, and spaces of
// unusual width become plain ones (RFC 8266 section 2.1); U+00A0, U+202F and U+3000
// stay. Nothing else is changed: even NFC takes apart what people tell apart in their
// names.
//
// least and most bound its characters (code points). Errors: ErrEmpty, or a text that
// says what is wrong.
func Line(s string, least, most int) (string, error) {
	if plainASCII(s) {
		s = strings.Trim(s, " ")
		return s, checkLength(len(s), least, most)
	}
	return cleanText(strings.TrimSpace(s), least, most, false)
}

// Block is Line for text of several lines: a description, a note. Tabs stay, and what
// ends a line is one "\n" afterwards, whether it was CR LF, CR, NEL, LS or PS (The
// Unicode Standard 5.8, recommendation R4).
func Block(s string, least, most int) (string, error) {
	return cleanText(newlines.Replace(strings.TrimSpace(s)), least, most, true)
}

// Shown makes of any text one that Line accepts, or Block where it may have lines: each
// character that they would refuse becomes a space. It is for text that was kept before
// the rule, or that others have made, and never for text that can be given anew.
func Shown(s string, lines bool) string {
	if plainASCII(s) {
		return s
	}
	s = Valid(s)
	if lines {
		s = newlines.Replace(s)
	}
	chars := []rune(strings.Map(plainSpace, s))
	for again := true; again; { // a joiner may have leant on what became a space
		again = false
		eachDisallowed(chars, lines, func(i int) bool {
			chars[i], again = ' ', true
			return true
		})
	}
	return string(chars)
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func checkLength(n, least, most int) error {
	switch {
	case n < least && n == 0:
		return ErrEmpty
	case n < least:
		return fmt.Errorf("must have at least %d characters", least)
	case n > most:
		return fmt.Errorf("must have at most %d characters", most)
	}
	return nil
}

func cleanText(s string, least, most int, lines bool) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("is not text")
	}
	chars := []rune(strings.Map(plainSpace, s))
	if err := checkLength(len(chars), least, most); err != nil {
		return "", err
	}
	var err error
	eachDisallowed(chars, lines, func(i int) bool {
		err = fmt.Errorf("has characters that are not allowed, such as %U", chars[i])
		return false
	})
	if err != nil {
		return "", err
	}
	return string(chars), nil
}

// plainSpace makes U+0020 of a space whose width is unusual.
func plainSpace(r rune) rune {
	if r < 0x80 || r == 0xa0 || r == 0x202f || r == 0x3000 || !unicode.Is(unicode.Zs, r) {
		return r
	}
	return ' '
}

// maxMarks is how many marks one character may carry: twice what UTS #39 (section 5.4)
// finds suspicious, because Tibetan and pointed Hebrew come close to that.
const maxMarks = 8

// eachDisallowed calls refuse with the index of each character that the rule refuses,
// as long as it returns true:
//
//  1. Controls, surrogates, private, unassigned and non-characters (RFC 8264 sections
//     9.6 to 9.12); unassigned by the Unicode version of the standard library.
//  2. What sets a direction or isolates text from it (UAX #9 section 2), and everything
//     else that is ignored by default (UAX #44, Default_Ignorable_Code_Point):
//     zero-width spaces, soft hyphens, fillers, tags; see visible.
//  3. Joiners and variation selectors where they join or select nothing.
//  4. A mark without a base in front, and more than maxMarks on one.
func eachDisallowed(chars []rune, lines bool, refuse func(i int) bool) {
	marks := maxMarks // no base yet
	for i, r := range chars {
		ok := true
		switch {
		case r == '\n' && lines, r == '\t' && lines, unicode.Is(unicode.Zs, r):
			marks = maxMarks
		case r == zwnj || r == zwj:
			ok = hasJoiningEffect(chars, i)
		case unicode.Is(unicode.Variation_Selector, r):
			ok = i > 0 && allowsVariationSelector(chars[:i], r, nextChar(chars, i))
		case !isVisible(r):
			ok = false
		case unicode.Is(unicode.M, r):
			marks++
			ok = marks <= maxMarks
		default:
			marks = 0
		}
		if ok {
			continue
		}
		if !refuse(i) {
			return
		}
		marks = maxMarks
	}
}

// isVisible reports whether a character shows by itself, or on its base when it is a
// mark.
func isVisible(r rune) bool {
	switch {
	case strings.ContainsRune(blanks, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r): // format characters that are seen
		return true
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S)
}

// blanks are graphic characters by their category and yet render as nothing, or stand
// for something that is not there: the empty Braille cell, the null notehead, the
// fillers of hieroglyphs and of the Khitan script, the replacement characters.
const blanks = "\u2800\U0001d159\U00013441\U00013442\U00016fe4\ufffc\ufffd"
