package httpheader

import (
	"net/http"
	"strings"

	"app/platform/identity"
)

// cachePrivate and cachePublic are shared by all replies: nobody may change them.
var (
	cachePrivate = []string{"no-store"}
	cachePublic  = []string{"no-cache"}
	varyPublic   = []string{credentialHeaders}
)

// credentialHeaders are the request headers that may say who is calling. They decide
// whether a cache may have a reply.
const credentialHeaders = "Authorization, Cookie, " + identity.GuestHeader

// DecideCaching is the one place that decides about caching, for every reply of every
// listener: successes and problems, of this process and of another, pages and
// documents, and what is refused before a handler sees it. It writes Cache-Control and
// Vary when a reply begins, over what the handler has said (RFC 9111 section 5.2.2, RFC
// 9110 section 12.5.5).
//
//  1. Only the success of a public GET without a credential, or the 304 in its place,
//     is for caches. It keeps the Cache-Control that its handler has chosen, such as
//     the max-age of a key set; without one a cache has to ask each time (no-cache),
//     for which most replies have an ETag.
//  2. Vary names the headers of credentials, so that a cache shows nobody who sends one
//     what it has for strangers.
//  3. Everything else is no-store, whatever its handler says.
func DecideCaching(h http.Header, status int, public bool) {
	if !public || status != http.StatusOK && status != http.StatusNotModified {
		h["Cache-Control"] = cachePrivate
		takeBackVary(h)
		return
	}
	if len(h["Cache-Control"]) == 0 {
		h["Cache-Control"] = cachePublic
	}
	if before := h["Vary"]; len(before) == 0 {
		h["Vary"] = varyPublic
	} else if said := strings.Join(before, ", "); !strings.Contains(said, credentialHeaders) {
		h["Vary"] = []string{said + ", " + credentialHeaders}
	}
}

// takeBackVary removes what a module in another process has put into Vary because it
// did not see the credential.
func takeBackVary(h http.Header) {
	if len(h["Vary"]) == 0 {
		return
	}
	kept := make([]string, 0, len(h["Vary"]))
	for _, value := range h["Vary"] {
		if value = strings.TrimSuffix(value, credentialHeaders); value != "" {
			kept = append(kept, strings.TrimSuffix(value, ", "))
		}
	}
	if len(kept) == 0 {
		delete(h, "Vary")
		return
	}
	h["Vary"] = kept
}

// Uncached is DecideCaching for replies that belong to no operation and to no observed
// listener, such as those of health checks.
func Uncached(h http.Header) { DecideCaching(h, 0, false) }

// Anonymous reports whether a request says in no header who is calling.
func Anonymous(r *http.Request) bool {
	return len(r.Header["Authorization"]) == 0 && len(r.Header["Cookie"]) == 0 && len(r.Header[identity.GuestHeader]) == 0
}
