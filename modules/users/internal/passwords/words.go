package passwords

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minWord is how long a word has to be, to be looked for in passwords: shorter ones are
// in too many.
const minWord = 3

// ShopWords are the words that guesses at this shop's passwords begin with (ASVS
// 6.1.2): what the program is called, the labels of the public address's host but the
// last, and further words such as the names of the company and its products. In lower
// case, without signs and digits around.
func ShopWords(publicURL string, further []string) (words []string) {
	all := append([]string{"souk"}, further...)
	if u, err := url.Parse(publicURL); err == nil {
		host := u.Hostname()
		if _, err := netip.ParseAddr(host); err != nil {
			labels := strings.Split(host, ".")
			all = append(all, labels[:max(1, len(labels)-1)]...)
		}
	}
	for _, text := range all {
		for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if utf8.RuneCountInString(word) >= minWord && word != "www" {
				words = append(words, word)
			}
		}
	}
	return words
}

// madeOf reports whether too little of a password is left without the words, in any
// case and with the usual replacements.
func madeOf(password string, words []string, least int) bool {
	whole := strings.ToLower(password)
	for _, form := range []string{whole, plainI.Replace(whole), plainL.Replace(whole)} {
		left := form
		for _, word := range words {
			left = strings.ReplaceAll(left, word, "")
		}
		if left != form && utf8.RuneCountInString(left) < least {
			return true
		}
	}
	return false
}
