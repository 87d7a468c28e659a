package merchant

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Bounds of a slug in bytes; what is made leaves room for a suffix.
const (
	maxSlug  = 48
	madeSlug = 40
)

var slugShape = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func validSlug(s string) bool { return len(s) >= 3 && len(s) <= maxSlug && slugShape.MatchString(s) }

// slugOf makes a slug of a name: letters without their accents, in lower case,
// everything else a hyphen. A name without any Latin letter or digit makes "merchant".
func slugOf(name string) string {
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
	slug := b.String()
	slug = strings.Trim(slug[:min(len(slug), madeSlug)], "-")
	if len(slug) < 3 {
		return strings.Trim("merchant-"+slug, "-")
	}
	return slug
}

// withSuffix tells slugs of one name apart by the end of the merchant's id, so that a
// repeated request makes the same.
func withSuffix(slug, id string, try int) string {
	suffix := id[len(id)-4:]
	if try > 0 {
		suffix = id[len(id)-5:] + strconv.Itoa(try)
	}
	return slug + "-" + suffix
}
