package edge

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"app/modules/gateway/internal/reason"
	"app/platform/problem"
)

// CrossOrigins are the web pages of other origins that may use the API from a browser,
// with cookies (CORS, the Fetch standard). Only exact origins are listed: no pattern,
// and neither "*" nor "null", which sandboxed pages of anybody send. The zero value
// lists none: then browsers let other pages send what a form can send, and read
// nothing.
type CrossOrigins struct{ listed map[string]struct{} }

const (
	// crossHeaders may be sent by the pages, crossExposed are shown to them.
	crossHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Cart-Token"
	crossExposed = "ETag, Location, Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
	// crossAge is how long a browser may remember the answer to a preflight, in
	// seconds: browsers cut it to 2 or 24 hours.
	crossAge = "7200"
)

// NewCrossOrigins reads origins such as https://shop.example.com. Errors name the one
// that is wrong.
func NewCrossOrigins(origins []string) (CrossOrigins, error) {
	listed := make(map[string]struct{}, len(origins))
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || origin != u.Scheme+"://"+u.Host ||
			strings.ToLower(origin) != origin || strings.Contains(origin, "*") || defaultPort(u) {
			return CrossOrigins{}, fmt.Errorf("%q is not an origin as browsers send it, such as https://shop.example.com", origin)
		}
		listed[origin] = struct{}{}
	}
	return CrossOrigins{listed}, nil
}

// defaultPort reports whether a port is written that browsers leave out.
func defaultPort(u *url.URL) bool {
	return u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80"
}

// setCORSHeaders says in the reply's headers what a page of another origin may see. An
// origin that is not listed gets no word.
func (o CrossOrigins) setCORSHeaders(h http.Header, r *http.Request) (listed bool) {
	if len(o.listed) == 0 {
		return false
	}
	h.Add("Vary", "Origin") // a cache must not show one origin's reply to another
	origin := r.Header.Get("Origin")
	if _, listed = o.listed[origin]; !listed || len(r.Header["Origin"]) != 1 {
		return false
	}
	h["Access-Control-Allow-Origin"] = []string{origin}
	h["Access-Control-Allow-Credentials"] = []string{"true"}
	h["Access-Control-Expose-Headers"] = []string{crossExposed}
	return true
}

// answerPreflight answers a browser that asks whether it may send a request for a page
// of another origin, and reports whether it was one. No module is asked, nobody is
// signed in.
func (g *Gateway) answerPreflight(w http.ResponseWriter, r *http.Request, listed bool) bool {
	if r.Method != http.MethodOptions || r.Header.Get("Origin") == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	methods := g.Table.Methods(r.URL.Path)
	h := w.Header()
	h["Vary"] = []string{"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
	switch {
	case methods == nil:
		problem.Write(w, r, problem.New(http.StatusNotFound, "route_not_found", "There is no operation at this path."))
	case !listed:
		problem.Write(w, r, problem.New(reason.OriginNotAllowed.Status, reason.OriginNotAllowed.Code, reason.OriginNotAllowed.Detail))
	default:
		h["Access-Control-Allow-Methods"] = []string{strings.Join(methods, ", ")}
		h["Access-Control-Allow-Headers"] = []string{crossHeaders}
		h["Access-Control-Max-Age"] = []string{crossAge}
		w.WriteHeader(http.StatusNoContent)
	}
	return true
}
