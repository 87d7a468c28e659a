package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"app/platform/text"
)

func TestFault21_TextIsMadeValid(t *testing.T) {
	t.Parallel()

	for _, given := range []struct{ name, in, want string }{
		{"EmptyStays", "", ""},
		{"ValidStays", "Café 山田 👍", "Café 山田 👍"},
		{"Latin1", "Caf\xe9Browser/1.0", "Caf\uFFFDBrowser/1.0"},
		{"RunIsOne", "a\xff\xfe\xfdb", "a\uFFFDb"},
		{"Overlong", "\xc0\xaf", "\uFFFD"},
		{"Surrogate", "\xed\xa0\x80", "\uFFFD"},
		{"CutOff", "ab\xe2\x82", "ab\uFFFD"},
	} {
		t.Run(given.name, func(t *testing.T) {
			t.Parallel()

			if got := text.Valid(given.in); got != given.want {
				t.Errorf("Valid(%q) = %q, want %q", given.in, got, given.want)
			}
		})
	}
}

func TestFault21_CutEndsBetweenCharacters(t *testing.T) {
	t.Parallel()

	for _, given := range []struct {
		name, in string
		bytes    int
		want     string
	}{
		{"ShortStays", "abc", 3, "abc"},
		{"Plain", "abcd", 3, "abc"},
		{"BeforeTheCharacter", "caf\u00e9", 4, "caf"},
		{"BehindTheCharacter", "caf\u00e9s", 5, "caf\u00e9"},
		{"FourBytes", "👍", 3, ""},
		{"Zero", "a", 0, ""},
		{"Negative", "a", -1, ""},
	} {
		t.Run(given.name, func(t *testing.T) {
			t.Parallel()

			if got := text.Cut(given.in, given.bytes); got != given.want {
				t.Errorf("Cut(%q, %d) = %q, want %q", given.in, given.bytes, got, given.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("Caf\xe9 \u20ac\xff", 6)
	f.Add(strings.Repeat("\x80", 9), 3)
	f.Fuzz(func(t *testing.T, s string, bytes int) {
		valid := text.Valid(s)
		if !utf8.ValidString(valid) || text.Valid(valid) != valid {
			t.Fatalf("Valid(%q) = %q, which is not valid or not its own", s, valid)
		}
		cut := text.Cut(valid, bytes)
		if !utf8.ValidString(cut) || !strings.HasPrefix(valid, cut) || len(cut) > max(bytes, 0) {
			t.Fatalf("Cut(%q, %d) = %q", valid, bytes, cut)
		}
		if longest := min(len(valid), max(bytes, 0)); longest-len(cut) >= utf8.UTFMax {
			t.Fatalf("Cut(%q, %d) = %q is shorter than it has to be", valid, bytes, cut)
		}
	})
}
