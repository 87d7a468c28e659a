package text_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"app/platform/text"
)

// What people are called, and what is sold, in the scripts of the world.
var honest = []string{
	"Ada Lovelace", "O'Neill-Müller", "Zoë", "Zoe\u0308", "علی\u200cرضا", "کشور\u200cها", "PDF\u200cها", "ه\u200d.ش", "山田\u3000太郎", "山田太郎",
	"神\U000e0100戸", "김하나", "क्\u200dष", "क्\u200cष", "র\u200d\u09cdযাব", "ශ්\u200dරී", "தமிழ்", "ไทย ภาษา", "བསྒྲུབས", "שָׁלוֹם", "Nguyễn Thị Ánh",
	"Nguye\u0302\u0303n", "ᠮᠣᠩᠭᠣᠯ\u180b", "Prix\u00a0: 10\u202f€", "👩\u200d🚀", "🏳\ufe0f\u200d🌈", "👍🏽", "👩🏽\u200d🚀", "❤\ufe0f", "1\ufe0f\u20e3", "🇩🇪", "™", "½ × 3″", "№ 5",
	"C\u0327edilla", "ɐ̃ː", "ﷺ", "\u06dd", "Ｗｉｄｅ", "ﾊﾝｶｸ", "x² ≠ y", "≨\ufe00", "ǅ", "Ⅷ", "☕", "€", "A\u030aa",
}

// What renders as nothing, turns other text around, ends the line or piles up.
var dishonest = []string{
	"\u200b\u200b", "Pay\u200bPal", "Pay\u2060Pal", "Pay\ufeffPal", "Pay\u00adPal", "Pay\u200cPal", "Pay\u200dPal", "PayPal\ufe0f", "P\ufe00ayPal", "P\U000e0100",
	"\u202egnp.exe", "a\u202ab", "a\u202bb", "a\u202cb", "a\u202db", "a\u2066b", "a\u2067b", "a\u2068b", "a\u2069b", "a\u200eb", "a\u200fb", "a\u061cb",
	"\u3164", "a\u115fb", "a\u1160b", "a\uffa0b", "a\u180eb", "\u2800", "a\u2800b", "a\u034fb", "\u17b4", "ក\u17b5", "a\u2064b", "a\ufff9b", "a\u206ab", "a\U0001d159b",
	"a\U000e0041b", "🏴\U000e0067\U000e0062\U000e007f", "a\U0001d173b", "a\U0001bca0b", "a\U00013430b", "a\U00013441b",
	"a\x00b", "a\x1bb", "a\x7fb", "a\u0085b", "a\tb", "a\nb", "a\rb", "a\u2028b", "a\u2029b", "a\ue000b", "a\U000f0000b", "a\uffffb", "a\ufdd0b", "a\U0010ffffb",
	"a\u0378b", "a\ufffcb", "a\ufffdb", "a\xffb", "\u0301a", "a \u0301", "\ufe0f", "\u200d", "علی\u200c", "\u200cعلی", "علی\u200c\u200cرضا", "علی\u200c رضا",
	"क\u200d", "1\ufe0f", "❤\ufe0f\ufe0f", "👩\u200d", "👩\u200dA", "Z" + strings.Repeat("\u0336", 9) + "algo", "Z" + strings.Repeat("\u0489\u0300", 5),
}

func TestFault26_LineOfEveryScript(t *testing.T) {
	t.Parallel()
	for _, s := range honest {
		if got, err := text.Line(" "+s+" ", 1, 100); got != s || err != nil {
			t.Errorf("%q (%+q) became %q, %v", s, s, got, err)
		}
		if got, err := text.Block(s+"\r\n\t"+s, 1, 100); got != s+"\n\t"+s || err != nil {
			t.Errorf("two lines of %q (%+q) became %q, %v", s, s, got, err)
		}
		if got := text.Shown(s, false); got != s {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
}

func TestFault26_NothingThatIsNotSeen(t *testing.T) {
	t.Parallel()
	lines := []string{"a\nb", "a\tb", "a\rb", "a\u0085b", "a\u2028b", "a\u2029b"}
	for _, s := range dishonest {
		if got, err := text.Line(s, 0, 100); err == nil {
			t.Errorf("%+q became %+q", s, got)
		}
		if got, err := text.Block(s, 0, 100); err == nil != slices.Contains(lines, s) {
			t.Errorf("as several lines %+q became %+q, %v", s, got, err)
		}
		if got, err := text.Line(text.Shown(s, false), 0, 100); err != nil {
			t.Errorf("%+q is shown as %+q, %v", s, got, err)
		}
	}
}

func TestLineIsBounded(t *testing.T) {
	t.Parallel()
	for _, given := range []struct {
		in          string
		least, most int
		want, flaw  string
	}{
		{"", 0, 3, "", ""},
		{"  \u3000\u00a0", 0, 3, "", ""},
		{"  \u3000\u00a0", 1, 3, "", "must not be empty"},
		{"\u2003", 1, 3, "", "must not be empty"},
		{" abc ", 1, 3, "abc", ""},
		{"äöü", 1, 3, "äöü", ""},
		{"abcd", 1, 3, "", "must have at most 3 characters"},
		{"äöüß", 1, 3, "", "must have at most 3 characters"},
		{"ab", 3, 9, "", "must have at least 3 characters"},
		{"a\u2009b", 1, 3, "a b", ""},
		{"a\u200bb", 1, 3, "", "has characters that are not allowed, such as U+200B"},
	} {
		got, err := text.Line(given.in, given.least, given.most)
		switch {
		case given.flaw == "" && (err != nil || got != given.want):
			t.Errorf("%q became %q, %v", given.in, got, err)
		case given.flaw != "" && (err == nil || err.Error() != given.flaw):
			t.Errorf("%q was refused with %v, want %q", given.in, err, given.flaw)
		}
	}
	if _, err := text.Line(" ", 1, 3); !errors.Is(err, text.ErrEmpty) {
		t.Error(err)
	}
}

// Every code point by itself and between letters: nothing is accepted whose properties
// say that it cannot be seen.
func TestFault26_EveryCodePoint(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Unified_Ideograph, unicode.Co) && r%64 != 0 {
			continue // thousands that are alike
		}
		for _, s := range []string{string(r), "a" + string(r) + "b"} {
			got, err := text.Line(s, 1, 100)
			if err == nil && unseen(got) {
				t.Errorf("%U was taken as %+q", r, got)
			}
		}
	}
}

// unseen is the refusal by properties alone, as UAX #44 derives them.
func unseen(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
			!unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs, unicode.Prepended_Concatenation_Mark)
	})
}

func FuzzLine(f *testing.F) {
	for _, s := range append(slices.Clone(honest), dishonest...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, rule := range map[string]func(string, int, int) (string, error){"line": text.Line, "block": text.Block} {
			lines := name == "block"
			if got, err := rule(s, 1, 50); err == nil {
				again, err := rule(got, 1, 50)
				bare := strings.NewReplacer("\n", "", "\t", "", "\u200c", "", "\u200d", "").Replace(got)
				bare = strings.Map(func(r rune) rune {
					if unicode.Is(unicode.Variation_Selector, r) {
						return -1
					}
					return r
				}, bare)
				if err != nil || again != got || utf8.RuneCountInString(got) > 50 || unseen(bare) || strings.TrimSpace(bare) == "" {
					t.Fatalf("%s: %+q became %+q, and that %+q, %v", name, s, got, again, err)
				}
				if text.Shown(got, lines) != got {
					t.Fatalf("%s: %+q is shown as %+q", name, got, text.Shown(got, lines))
				}
			}
			if got, err := rule(text.Shown(s, lines), 0, 1<<20); err != nil {
				t.Fatalf("%s: %+q is shown as %+q, which is refused: %v", name, s, got, err)
			}
		}
	})
}
