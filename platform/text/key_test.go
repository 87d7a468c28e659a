package text_test

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"app/platform/text"
)

func TestFault25_SpellingsThatAreOne(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"Café crème", "Cafe\u0301 cre\u0300me", "CAFÉ CRÈME"},
		{"Straße", "STRASSE", "strasse", "STRAẞE"},
		{"Όσος", "ΌΣΟΣ", "όσοσ"},
		{"ＡＢＣ－１", "abc-1"},
		{"ﾊﾟﾝ", "パン", "ハ\u309aン"},
		{"ISPARTA", "Isparta", "ısparta", "İsparta", "i\u0307sparta"},
		{"ﬁn", "FIN", "fin"},
		{"x²", "X2"},
		{"علی\u200cرضا", "علیرضا"},
		{"co\u00adoperate", "cooperate"},
		{"K", "\u212a", "k"},
		{"Å", "\u212b", "A\u030a", "å"},
		{"가", "\u1100\u1161"},
	} {
		for _, s := range same {
			if got := text.Key(s); got != text.Key(same[0]) {
				t.Errorf("%q has the key %q, and %q has %q", s, got, same[0], text.Key(same[0]))
			}
		}
	}
	for _, other := range [][2]string{{"cafe", "café"}, {"ß", "s"}, {"a", "ä"}, {"o", "0"}} {
		if text.Key(other[0]) == text.Key(other[1]) {
			t.Errorf("%q and %q have one key", other[0], other[1])
		}
	}
}

// The forms of one text have one key (UAX #15), as its upper and lower case have (The
// Unicode Standard 3.13). A letter at a time, then texts of them.
func TestFault25_KeyOfEveryCodePoint(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		plain := unicode.In(r, unicode.Unified_Ideograph, unicode.Tangut, unicode.Yi, unicode.Egyptian_Hieroglyphs, unicode.Cuneiform)
		if !plain && unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cf) {
			oneKey(t, string(r))
		}
	}
}

func TestFault25_KeyOfTexts(t *testing.T) {
	t.Parallel()
	some := rapid.OneOf(rapid.StringN(0, 20, -1), rapid.StringOfN(rapid.RuneFrom([]rune("iIıİ\u0307\u0323\u0345ßẞςΣσǰaA\u0300ﬃ가ㄱΐᾳ")), 0, 12, -1))
	rapid.Check(t, func(t *rapid.T) { // without what is dropped: it keeps marks apart until then
		oneKey(t, strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
				return -1
			}
			return r
		}, some.Draw(t, "text")))
	})
}

func oneKey(t interface{ Errorf(string, ...any) }, s string) {
	key, apart := text.Key(s), norm.NFD.String(s) // the mark U+0345 becomes a letter in upper case
	for name, form := range map[string]string{
		"itself": key, "NFC": norm.NFC.String(s), "NFD": norm.NFD.String(s), "NFKC": norm.NFKC.String(s),
		"upper": cases.Upper(language.Und).String(apart), "lower": cases.Lower(language.Und).String(apart), "fold": cases.Fold().String(apart),
	} {
		if got := text.Key(form); got != key {
			t.Errorf("%+q has the key %+q, and its %s %+q has %+q", s, key, name, form, got)
		}
	}
}

// Search keys are made for every word of every search.
func TestKeyOfASCIIMakesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts for the process
	if n := testing.AllocsPerRun(100, func() { text.Key("punched cards, 500") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if got := text.Key("Punched CARDS\n"); got != strings.ToLower("Punched CARDS\n") {
		t.Errorf("got %q", got)
	}
}

func TestFault25_OpaqueString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Correct-Horse-9": "Correct-Horse-9", "Cafe\u0301-9x": "Café-9x", "a\u00a0b\u3000c": "a b c", "\u212bngstro\u0308m": "Ångström",
		"Ｗide": "Ｗide", "a\xffe\u0301": "a\xffe\u0301", "": "", "e\u0301\x00": "é\x00",
	} {
		if got := text.OpaqueString(in); got != want || text.OpaqueString(got) != got {
			t.Errorf("%+q became %+q, want %+q", in, got, want)
		}
	}
}
