// Package slug makes and checks the names that stand in addresses of pages: a to z and
// digits, with single hyphens between them.
package slug

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"app/platform/fault"
)

// Bounds of a slug in bytes; one that is made leaves room for what tells it from others.
const (
	Min     = 3
	Max     = 48
	MaxMade = 40
	mustBe  = "expected 3 to 48 lower-case letters, digits and single hyphens between them"
)

// Taken refuses a slug that was given and is another's.
var Taken = fault.Reason{
	Kind: fault.AlreadyExists, Code: "slug_taken", Detail: "This slug is taken.",
	Title: "Slug taken", Help: "Another one has this slug. Choose another, or send none to get one made.",
}

// TakenAt is Taken for the field at a pointer.
func TakenAt(pointer string) error {
	taken := Taken.New()
	taken.Fields = []fault.Field{{Pointer: pointer, Detail: "is taken"}}
	return taken
}

var shape = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Validate says what is wrong with a slug that was given, as the field at the pointer.
func Validate(pointer, s string) []fault.Field {
	if len(s) >= Min && len(s) <= Max && shape.MatchString(s) {
		return nil
	}
	return []fault.Field{{Pointer: pointer, Detail: mustBe}}
}

// Of makes a slug of a name, of at most MaxMade bytes: letters without their accents, in
// lower case, everything else a hyphen. Of a name without a Latin letter or digit it
// makes the kind of thing that is named, such as "product"; kind is a slug itself.
func Of(name, kind string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= 0x300 && r <= 0x36f: // the accent of the letter before
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	made := b.String()
	made = strings.Trim(made[:min(len(made), MaxMade)], "-")
	if len(made) < Min {
		return strings.Trim(kind+"-"+made, "-")
	}
	return made
}

// Numbered is the nth slug of one that Of has made, from 1: "chair", "chair-2".
func Numbered(made string, n int) string {
	if n == 1 {
		return made
	}
	return made + "-" + strconv.Itoa(n)
}
