package operation

import (
	"net/http"
	"strconv"
	"strings"

	"app/platform/fault"
	"app/platform/ids"
	"app/platform/problem"
)

// Tagged is the output of an operation whose result has a version; embed it and set it
// with ETag. A GET whose If-None-Match names the tag is answered with 304 and no body.
type Tagged struct {
	ETag string `header:"ETag" doc:"Version of the result, for If-Match and If-None-Match"`
}

// Conditional is the input of an operation that changes something with a version; embed
// it.
type Conditional struct {
	IfMatch string `header:"If-Match" maxLength:"1024" doc:"ETag of the version to change; 412 when it is not the current one"`
}

// ETag is the strong entity tag (RFC 9110 section 8.8.3) of a version.
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// Match checks If-Match against the current version: a fault VersionMismatch (412) when
// it names others only, nil when it was not sent.
func (c Conditional) Match(current int64) error {
	if c.IfMatch == "" || matchesETag(c.IfMatch, ETag(current), false) {
		return nil
	}
	return fault.New(fault.VersionMismatch, "version_mismatch", "It has changed since you read it.")
}

// Need is Match for operations that nobody should run blindly: 428 when If-Match was
// not sent.
func (c Conditional) Need(current int64) error {
	if c.IfMatch == "" {
		return problem.New(http.StatusPreconditionRequired, "precondition_required", "Send the ETag of what you read in If-Match.")
	}
	return c.Match(current)
}

// matchesETag compares a list of entity tags with one: strongly for If-Match, weakly
// for If-None-Match (RFC 9110 section 13.1). Nothing matches a list that is not one.
func matchesETag(list, tag string, weak bool) bool {
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

// wellFormedTags reports whether a header that is there has the form of RFC 9110
// section 13.1.1: an asterisk, or entity tags (section 8.8.3) with commas between them.
// Empty elements count for nothing (section 5.6.1.2).
func wellFormedTags(list string) bool {
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

// PathID checks an id of the path before it is looked up: a fault that points at the
// parameter when the id is not well formed or not of the kind, such as PathID("id",
// "ord", in.ID).
func PathID(parameter, prefix, id string) error {
	if ids.Valid(prefix, id) {
		return nil
	}
	return fault.Invalid(fault.Field{Pointer: "/" + parameter, Detail: "expected an id that begins with " + prefix + "_"})
}
