package edge

import (
	"net/http"

	"app/platform/fault"
	"app/platform/httpserver"
	"app/platform/identity"
)

// authenticate finds the principal: by the Authorization header, which an operation that reads it itself keeps for itself, or else by
// the session's cookie. What is open to everyone stays open when nobody can tell whose a cookie is.
func (g *Gateway) authenticate(r *http.Request, op httpserver.Operation) (identity.Principal, error) {
	if header := r.Header.Get("Authorization"); header != "" && !op.Passes("Authorization") {
		return g.Authenticator.Bearer(r.Context(), header)
	}
	cookies := r.CookiesNamed(httpserver.SessionCookie)
	if len(cookies) != 1 { // a browser has one; of two nobody can tell which it means
		return identity.Principal{}, nil
	}
	p, err := g.Authenticator.Cookie(r.Context(), cookies[0].Value)
	if err != nil && op.Access == httpserver.Public {
		return identity.Principal{}, nil
	}
	return p, err
}

// sameSite refuses what another site makes a visitor's browser send: a request that may change something, for which the browser adds the
// session's cookie by itself, or that would sign the visitor in as somebody else. Browsers say where a request comes from in
// Sec-Fetch-Site, older ones in Origin; what says neither comes from no browser. An Authorization header is never added by itself.
func (g *Gateway) sameSite(r *http.Request, op httpserver.Operation) error {
	carried := len(r.CookiesNamed(httpserver.SessionCookie)) > 0 || op.Rate == httpserver.RateAuth
	if !carried || r.Header.Get("Authorization") != "" {
		return nil
	}
	if err := g.Origins.Check(r); err != nil {
		return fault.New(fault.PermissionDenied, "cross_site_request", "This request comes from another site's page.").Because(err)
	}
	return nil
}

// settling is a reply to an operation that takes something back. What it took back is refused here by the time the client reads so.
type settling struct {
	http.ResponseWriter
	settle func()
	begun  bool
}

// WriteHeader implements http.ResponseWriter.
func (w *settling) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.begin()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *settling) Write(b []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(b) //nolint:wrapcheck // net/http's contract
}

func (w *settling) begin() {
	if !w.begun {
		w.begun = true
		w.settle()
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *settling) Unwrap() http.ResponseWriter { return w.ResponseWriter }
