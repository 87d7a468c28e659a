package httpheader

import (
	"net/http"
	"slices"
	"strings"
)

// listHeaders are the request headers that are lists: several lines of them are one
// (RFC 9110 section 5.3). Of any other that an operation reads, a second line is
// refused.
var listHeaders = []string{"Accept", "Accept-Language", "Content-Encoding", "If-Match", "If-None-Match"}

// IsList reports whether several lines of a request header are one list.
func IsList(name string) bool { return slices.Contains(listHeaders, name) }

// Value is the value of a header: of a list all lines, joined by commas, else
// the first line.
func Value(h http.Header, name string) string {
	values := h[http.CanonicalHeaderKey(name)]
	switch {
	case len(values) == 0:
		return ""
	case len(values) == 1 || !IsList(http.CanonicalHeaderKey(name)):
		return values[0]
	}
	return strings.Join(values, ", ")
}
