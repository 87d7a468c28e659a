package template

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// locales are the languages there are.
type locales struct {
	names   []string // BCP 47 tags, the fallback first
	matcher language.Matcher
}

func newLocales(fallback string) (locales, error) {
	folders, err := fs.ReadDir(files, "templates")
	if err != nil {
		return locales{}, err
	}
	var names []string
	for _, f := range folders {
		names = append(names, f.Name())
	}
	i := slices.Index(names, fallback)
	if i < 0 {
		return locales{}, fmt.Errorf("there are no e-mails in %q, only in %s", fallback, strings.Join(names, ", "))
	}
	names[0], names[i] = names[i], names[0]
	var tags []language.Tag
	for _, n := range names {
		tag, err := language.Parse(n)
		if err != nil {
			return locales{}, fmt.Errorf("read language %s: %w", n, err)
		}
		tags = append(tags, tag)
	}
	return locales{names, language.NewMatcher(tags)}, nil
}

// maxWanted bounds what is parsed; an Accept-Language of a browser is shorter.
const maxWanted = 200

// bestMatch finds the best of the languages. Nothing it cannot read is an error: an
// e-mail in the fallback is better than none.
func (l locales) bestMatch(want string) string {
	if want == "" || len(want) > maxWanted {
		return l.names[0]
	}
	tags, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(want, "_", "-"))
	if err != nil {
		return l.names[0]
	}
	_, i, confidence := l.matcher.Match(tags...)
	if confidence == language.No {
		return l.names[0]
	}
	return l.names[i]
}

// phrases are the words of a language for tokens of programs, by variable and token.
type phrases map[string]map[string]string

// phraseFor gives the phrase for a token; text that is no token stays as it is.
func (p phrases) phraseFor(variable, token string) string {
	if words, ok := p[variable][token]; ok {
		return words
	}
	return token
}

var decimal = regexp.MustCompile(`^(-?\d+)\.(\d+ [A-Z]{3})$`)

// localiseAmount writes money the way the language does.
func localiseAmount(s, locale string) string {
	if locale == "de" {
		return decimal.ReplaceAllString(s, "$1,$2")
	}
	return s
}
