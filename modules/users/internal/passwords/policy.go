// Package passwords holds the rules for new passwords and the hashing of all of them.
package passwords

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The bounds of a new password. MaxBytes keeps a password from being a load; nothing is ever cut off (ASVS 6.2.8).
const (
	MinRunes = 8
	MaxBytes = 256
)

// Weakness says in a sentence why a new password is not accepted, or "" when it is:
//
//  1. at least MinRunes characters, at most MaxBytes bytes, UTF-8;
//  2. an upper and a lower case letter, a digit and a special character (neither letter nor digit);
//  3. not one of the commonest passwords, however dressed up (see Common);
//  4. not the name in the address it is for;
//  5. without the words of this shop (see ShopWords) there are still MinRunes characters.
func Weakness(password, email string, shop []string) string {
	switch {
	case !utf8.ValidString(password):
		return "is not text"
	case utf8.RuneCountInString(password) < MinRunes:
		return "must have at least 8 characters"
	case len(password) > MaxBytes:
		return "must have at most 256 bytes"
	case !mixed(password):
		return "must have an upper and a lower case letter, a digit and a special character"
	case Common(password):
		return "is one of the commonest passwords, or made of one"
	case isAddress(password, email):
		return "must not be made of your e-mail address"
	case madeOf(password, shop):
		return "must have at least 8 characters besides the names of the shop"
	}
	return ""
}

// mixed tells whether all four kinds of characters occur.
func mixed(password string) bool {
	var upper, lower, digit, special bool
	for _, r := range password {
		switch {
		case unicode.IsUpper(r):
			upper = true
		case unicode.IsLower(r):
			lower = true
		case unicode.IsDigit(r):
			digit = true
		case !unicode.IsLetter(r):
			special = true
		}
	}
	return upper && lower && digit && special
}

func isAddress(password, email string) bool {
	local, _, _ := strings.Cut(email, "@")
	bare := strings.ToLower(strings.TrimFunc(password, notLetter))
	return email != "" && (strings.EqualFold(password, email) || bare == strings.ToLower(strings.TrimFunc(local, notLetter)))
}

//go:embed common.txt
var commonText string

// common are the words of common.txt, read when the first password is judged.
var common = sync.OnceValue(func() map[string]struct{} {
	words := map[string]struct{}{}
	for line := range strings.Lines(commonText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, word := range strings.Fields(line) {
			words[word] = struct{}{}
		}
	}
	return words
})

// Common tells whether a password is one of the commonest, in the forms that guessing programs try first: in any case,
// with digits and signs in front and behind, with the usual replacements (@ for a, 0 for o, $ for s, …), written
// twice, or of one or two different letters. The list has well over a thousand words; it holds the word inside a password
// because under the policy nobody can use the word alone.
func Common(password string) bool {
	whole := strings.ToLower(password)
	if n := len(whole) / 2; n > 0 && whole[:n] == whole[len(whole)-n:] && len(whole)%2 == 0 {
		whole = whole[:n]
	}
	bare := strings.TrimFunc(whole, notLetter)
	for _, candidate := range []string{whole, bare, plainI.Replace(whole), plainL.Replace(whole), plainI.Replace(bare), plainL.Replace(bare)} {
		if _, ok := common()[candidate]; ok {
			return true
		}
	}
	return fewLetters(bare)
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// The usual replacements; "1" and "!" stand for i or for l.
var (
	plainI = strings.NewReplacer("@", "a", "4", "a", "3", "e", "0", "o", "$", "s", "5", "s", "7", "t", "+", "t", "8", "b", "1", "i", "!", "i", "|", "i")
	plainL = strings.NewReplacer("@", "a", "4", "a", "3", "e", "0", "o", "$", "s", "5", "s", "7", "t", "+", "t", "8", "b", "1", "l", "!", "l", "|", "l")
)

func fewLetters(bare string) bool {
	seen := map[rune]struct{}{}
	for _, r := range bare {
		if unicode.IsLetter(r) {
			seen[r] = struct{}{}
		}
	}
	return len(seen) <= 2
}
