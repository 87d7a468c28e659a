package strictjson

import "strings"

// Huma writes the place of a wrong value as "body.lines[3].price", without quoting, so
// a name with a dot or a bracket would be taken for two steps. Such bytes travel as
// private-use characters in between, and so does the empty name.
const noName = "\ue003"

var (
	protector   = strings.NewReplacer(".", "\ue000", "[", "\ue001", "]", "\ue002")
	unprotector = strings.NewReplacer("\ue000", ".", "\ue001", "[", "\ue002", "]", noName, "")
	escaper     = strings.NewReplacer("~", "~0", "/", "~1")
)

// Protect makes a name safe to be one step of a location that Pointer reads.
func Protect(name string) string {
	switch {
	case name == "":
		return noName
	case strings.ContainsAny(name, ".[]"):
		return protector.Replace(name)
	}
	return name
}

func escapeStep(step string) string { return escaper.Replace(step) }

// Pointer turns a location in Huma's notation into a JSON pointer (RFC 6901). The first
// step says where the value was found (body, path, query, header) and is dropped:
// "body.lines[3].price" is "/lines/3/price", "query.limit" is "/limit".
func Pointer(location string) string {
	_, rest, ok := strings.Cut(location, ".")
	if i := strings.IndexByte(location, '['); i >= 0 && (!ok || i < len(location)-len(rest)-1) {
		rest, ok = location[i:], true
	}
	if !ok {
		return ""
	}
	var out strings.Builder
	for step := range strings.FieldsFuncSeq(rest, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		out.WriteByte('/')
		out.WriteString(escapeStep(unprotector.Replace(step)))
	}
	return out.String()
}
