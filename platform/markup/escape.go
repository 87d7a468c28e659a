package markup

import (
	"fmt"
	"strings"
)

// escapes are those of html/template. The plus sign is for old readers that took the
// page for UTF-7.
var escapes = strings.NewReplacer("\x00", "\uFFFD", `"`, "&#34;", "&", "&amp;", "'", "&#39;", "+", "&#43;", "<", "&lt;", ">", "&gt;")

func escapeHTML(s string) string { return escapes.Replace(s) }

// refused stands for an address that would run something; the word is the one of
// html/template.
const refused = "#ZgotmplZ"

// safeURL lets an address through that is relative, or leads to a page or a mail, and
// encodes what does not belong in an address.
func safeURL(s string) string {
	scheme, _, found := strings.Cut(s, ":")
	known := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "mailto")
	if found && !known && !strings.Contains(scheme, "/") {
		return refused
	}
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; inURL(c) || c == '%' && i+2 < len(s) && isHexDigit(s[i+1]) && isHexDigit(s[i+2]) {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02x", c)
		}
	}
	return out.String()
}

func inURL(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~!#$&*+,/:;=?@[]", c) >= 0
}

func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
