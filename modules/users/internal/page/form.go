package page

import (
	"net/http"
	"net/url"

	"app/modules/users/internal/reason"
	"app/platform/operation"
)

// ParseForm reads a posted form. origin is the shop's, as OriginOf has it. Errors: a form
// that was posted from another site, which could sign somebody in as somebody else (RFC
// 6819 section 4.4.1.8); a body that cannot be read.
func ParseForm(r *http.Request, origin string) error {
	site, from := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	if site != "" && site != "same-origin" && site != "none" || site == "" && from != "" && from != origin {
		return reason.CrossSite.New()
	}
	return operation.ParseForm(r)
}

// OriginOf is the scheme, host and port of an address, as a browser writes them in the
// header Origin.
func OriginOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Redirect sends the browser on without a word about where it comes
// from.
func Redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// Cookie is the value of a cookie, empty when the browser has none of the name.
func Cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
