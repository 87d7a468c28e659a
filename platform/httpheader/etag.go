package httpheader

import "strings"

// MatchETag compares a list of entity tags with one: strongly for If-Match, weakly for
// If-None-Match (RFC 9110 section 13.1). Nothing matches a list that is not one.
func MatchETag(list, tag string, weak bool) bool {
	if list == "*" {
		return true
	}
	for rest := list; rest != ""; {
		candidate, after, ok := nextTag(rest)
		if !ok {
			return false
		}
		if weak {
			candidate = strings.TrimPrefix(candidate, "W/")
		}
		if candidate == tag && candidate != "" {
			return true
		}
		rest = after
	}
	return false
}

// WellFormedETags reports whether a header that is there has the form of RFC 9110
// section 13.1.1: an asterisk, or entity tags (section 8.8.3) with commas between them.
// Empty elements count for nothing (section 5.6.1.2).
func WellFormedETags(list string) bool {
	if list == "*" {
		return true
	}
	some := false
	for rest := list; rest != ""; {
		tag, after, ok := nextTag(rest)
		if !ok {
			return false
		}
		some, rest = some || tag != "", after
	}
	return some
}

// nextTag takes the first element off a list of entity tags: a tag, or nothing between
// two commas. A comma may be part of a tag.
func nextTag(list string) (tag, rest string, ok bool) {
	list = strings.TrimLeft(list, " \t")
	if list == "" {
		return "", "", true
	}
	if list[0] == ',' {
		return "", list[1:], true
	}
	opaque := strings.TrimPrefix(list, "W/")
	if len(opaque) < 2 || opaque[0] != '"' {
		return "", "", false
	}
	end := 1
	for end < len(opaque) && opaque[end] != '"' && opaque[end] > ' ' && opaque[end] != 0x7f {
		end++
	}
	if end == len(opaque) || opaque[end] != '"' {
		return "", "", false
	}
	end += 1 + len(list) - len(opaque)
	tag, rest = list[:end], strings.TrimLeft(list[end:], " \t")
	if rest != "" && rest[0] != ',' {
		return "", "", false
	}
	return tag, strings.TrimPrefix(rest, ","), true
}
