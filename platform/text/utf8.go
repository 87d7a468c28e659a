// Package text has the house's rules for text from outside. It knows no other package
// of the house, so every edge can use it.
package text

import (
	"strings"
	"unicode/utf8"
)

// Valid is s as valid UTF-8: every run of bytes that is none becomes one U+FFFD, which
// is what the Unicode Standard (3.9, U+FFFD Substitution) and Go mean by replacing.
// Valid text comes back as it is, without a copy. It is called once, where text
// arrives, because a database that checks (MySQL) otherwise fails where one that does
// not (SQLite) stores it.
func Valid(s string) string {
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}

// Cut is s when it has at most so many bytes, and otherwise its longest beginning
// within them that ends between two characters. Text that was valid UTF-8 stays so. A
// negative bound is zero.
func Cut(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	end := max(bytes, 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
