package edge

import (
	"net/http"
	"strings"

	"app/modules/gateway/internal/reason"
	"app/platform/fault"
	"app/platform/identity"
	"app/platform/operation"
)

// authenticateRequest finds the principal of a request to an operation. A credential is
// an access token or an API key in the header Authorization (RFC 6750 section 2.1), or
// the session's cookie.
//
//  1. An Authorization header that the operation reads itself, as the token endpoint
//     does, is the operation's: nobody else looks at it.
//  2. One of another scheme, such as the Basic that a browser repeats for a proxy in
//     front, is no credential of ours: it counts as not sent, here and in sameSite.
//  3. A valid bearer credential goes before the cookie, on every operation. So a public
//     operation shows a merchant its own, and counts against the caller's own limit.
//  4. An operation that is open to everyone (Public, Loopback) judges no credential.
//     What is not valid, or cannot be checked now, counts as not sent.
//  5. An operation that signs people in or out (Lenient) takes a bearer credential that
//     is not valid for none and looks at the cookie: a client whose token has run out
//     must be able to mend that. What cannot be checked now is an error, or a sign-out
//     would claim what it did not do.
//  6. On every other operation a bearer credential that is not valid is 401, also where
//     none is needed (Optional): whoever sends one means to act as somebody, and an
//     order placed as a guest instead would be a surprise.
//  7. A cookie that opens nothing counts as not sent everywhere: a browser cannot be
//     told to leave it out.
func (g *Gateway) authenticateRequest(r *http.Request, op operation.Operation) (identity.Principal, error) {
	open := op.Access == operation.Public || op.Access == operation.Loopback
	if !op.Passes("Authorization") && hasBearerHeader(r) {
		p, err := g.authenticateBearer(r)
		switch {
		case err == nil:
			return p, nil
		case open || op.Lenient && fault.CodeOf(err) == fault.Unauthenticated:
		default:
			return identity.Principal{}, err
		}
	}
	cookies := r.CookiesNamed(identity.SessionCookie)
	if len(cookies) != 1 { // a browser has one; of two nobody can tell which it means
		return identity.Principal{}, nil
	}
	p, err := g.Authenticator.Cookie(r.Context(), cookies[0].Value)
	if err != nil && open {
		return identity.Principal{}, nil
	}
	return p, err
}

// authenticateBearer asks whose the credential of the header is. Two of them are none:
// nobody can tell which is meant.
func (g *Gateway) authenticateBearer(r *http.Request) (identity.Principal, error) {
	values := r.Header["Authorization"]
	if len(values) > 1 {
		return identity.Principal{}, reason.TokenInvalid.Newf("The header Authorization is there more than once.")
	}
	return g.Authenticator.Bearer(r.Context(), values[0]) //nolint:wrapcheck // the decision is what the client gets
}

// hasBearerHeader reports whether a request has an Authorization header of our scheme.
// Schemes have no case (RFC 9110 section 11.1). A browser adds such a header for no
// page by itself.
func hasBearerHeader(r *http.Request) bool {
	for _, value := range r.Header["Authorization"] {
		if scheme, _, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
			return true
		}
	}
	return false
}

// sameSite refuses what another site makes a caller's browser send: a request that may
// change something, for which the browser adds the session's cookie by itself, or that
// would sign the caller in as somebody else. Browsers say where a request comes from
// in Sec-Fetch-Site, older ones in Origin; what says neither comes from no browser. A
// bearer credential is never added by itself, while a browser repeats what it knows of
// the scheme Basic.
func (g *Gateway) sameSite(r *http.Request, op operation.Operation) error {
	carried := len(r.CookiesNamed(identity.SessionCookie)) > 0 || op.Rate == operation.RateAuth
	if !carried || hasBearerHeader(r) {
		return nil
	}
	if err := g.Origins.Check(r); err != nil {
		return fault.New(fault.PermissionDenied, "cross_site_request", "This request comes from another site's page.").Because(err)
	}
	return nil
}

// settling is a reply to an operation that takes something back. What it took back is
// refused here by the time the client reads so.
type settling struct {
	http.ResponseWriter
	settle func()
	begun  bool
}

// WriteHeader implements http.ResponseWriter.
func (w *settling) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.awaitRevocationOnce()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *settling) Write(b []byte) (int, error) {
	w.awaitRevocationOnce()
	return w.ResponseWriter.Write(b) //nolint:wrapcheck // net/http's contract
}

func (w *settling) awaitRevocationOnce() {
	if !w.begun {
		w.begun = true
		w.settle()
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *settling) Unwrap() http.ResponseWriter { return w.ResponseWriter }
