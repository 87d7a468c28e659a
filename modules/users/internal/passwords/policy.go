// Package passwords holds the rules for new passwords and the hashing of all of them.
package passwords

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"app/platform/text"
)

// The bounds of a new password. MaxBytes keeps a password from being a load; nothing is
// ever cut off (ASVS 6.2.8).
const (
	MinRunes = 8  // with rules of composition
	MinLong  = 12 // without
	MaxBytes = 256
)

// Policy is the rules for new passwords. The zero value has rules of composition, no
// words and no list of breached ones.
type Policy struct {
	// Long means that there are no rules of composition and that MinLong characters are
	// needed (ASVS 6.2.5).
	Long bool
	// Shop are the words of this shop, see ShopWords.
	Shop []string
	// Breached, when not nil, is a list of passwords that are known from breaches.
	Breached *Breached
}

// Weakness says in a sentence why a new password is not accepted, or "" when it is:
//
//  1. at least MinRunes characters, or MinLong where the policy is Long, at most
//     MaxBytes bytes, UTF-8;
//  2. an upper and a lower case letter, a digit and a special character (neither letter
//     nor digit), unless the policy is Long;
//  3. not one of the commonest passwords, however dressed up (see Common);
//  4. not the name in the address it is for;
//  5. without the words of this shop (see ShopWords) there are still as many characters
//     as are needed;
//  6. not in the list of breached passwords.
//
// The error is one of reading that list.
func (p Policy) Weakness(password, email string) (string, error) {
	least := MinRunes
	if p.Long {
		least = MinLong
	}
	if !utf8.ValidString(password) {
		return "is not text", nil
	}
	password = text.OpaqueString(password) // as it is hashed
	switch {
	case utf8.RuneCountInString(password) < least:
		return fmt.Sprintf("must have at least %d characters", least), nil
	case len(password) > MaxBytes:
		return "must have at most 256 bytes", nil
	case !p.Long && !hasAllCharKinds(password):
		return "must have an upper and a lower case letter, a digit and a special character", nil
	case Common(password):
		return "is one of the commonest passwords, or made of one", nil
	case isAddress(password, email):
		return "must not be made of your e-mail address", nil
	case madeOf(password, p.Shop, least):
		return fmt.Sprintf("must have at least %d characters besides the names of the shop", least), nil
	}
	if known, err := p.Breached.Has(password); known || err != nil {
		return "is in a list of passwords that have become known elsewhere", err
	}
	return "", nil
}

// hasAllCharKinds reports whether all four kinds of characters occur.
func hasAllCharKinds(password string) bool {
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

//go:embed commonest.txt
var commonestText string

// common are the words of common.txt and the passwords of commonest.txt, read when the
// first password is judged.
var common = sync.OnceValue(func() map[string]struct{} {
	words := map[string]struct{}{}
	for line := range strings.Lines(commonText + commonestText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, word := range strings.Fields(line) {
			words[word] = struct{}{}
		}
	}
	return words
})

// Common reports whether a password is one of the commonest, in the forms that guessing
// programs try first: in any case, with digits and signs in front and behind, with the
// usual replacements (@ for a, 0 for o, $ for s, …), written twice, or of one or two
// different letters. common.txt has well over a thousand words, each the word inside a
// password, because with rules of composition nobody can use the word alone;
// commonest.txt has the 3,000 commonest passwords of at least MinRunes characters, and
// as many of at least MinLong as its source counts (ASVS 6.2.4).
func Common(password string) bool {
	full := strings.ToLower(password)
	whole := full
	if n := len(whole) / 2; n > 0 && whole[:n] == whole[len(whole)-n:] && len(whole)%2 == 0 {
		whole = whole[:n]
	}
	bare := strings.TrimFunc(whole, notLetter)
	for _, candidate := range []string{full, whole, bare, plainI.Replace(whole), plainL.Replace(whole), plainI.Replace(bare), plainL.Replace(bare)} {
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
