package merchant

import "strconv"

// slugKind is what a slug is made of when the name gives nothing for one.
const slugKind = "merchant"

// withSuffix tells slugs of one name apart by the end of the merchant's id, so that a
// repeated request makes the same.
func withSuffix(slug, id string, try int) string {
	suffix := id[len(id)-4:]
	if try > 0 {
		suffix = id[len(id)-5:] + strconv.Itoa(try)
	}
	return slug + "-" + suffix
}
