package edge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"app/modules/gateway/internal/limit"
	"app/modules/gateway/internal/reason"
	"app/platform/exchange"
	"app/platform/httpserver"
	"app/platform/identity"
	"app/platform/operation"
	"app/platform/problem"
)

// Authenticator tells who is calling.
type Authenticator interface {
	// Bearer reads the Authorization header's value, which is not empty. Error:
	// Unauthenticated when it is not valid.
	Bearer(ctx context.Context, header string) (identity.Principal, error)
	// Cookie reads the value of the session's cookie; anonymous when it opens nothing.
	Cookie(ctx context.Context, value string) (identity.Principal, error)
}

// Gateway lets requests in: canonical path, known operation, principal, limit, origin,
// access, size, time, dispatch.
type Gateway struct {
	Table         *Table
	Proxies       Proxies
	Authenticator Authenticator
	// Origins decides which pages may send what changes something in a caller's name.
	// Required.
	Origins *http.CrossOriginProtection
	// Settle, when not nil, brings home what an operation has just revoked, before its
	// reply leaves.
	Settle func(ctx context.Context)
	// Limiter is nil where limits are switched off.
	Limiter *limit.Limiter
	// Crowd bounds what is in flight. Nil: no bound.
	Crowd *Crowd
	// Cross are the pages of other origins that may use the API.
	Cross CrossOrigins
	// DevPages lets the pages under /dev out to people at this machine, DevPagesForAll
	// to everybody then.
	DevPages, DevPagesForAll bool
	// Logger is told, once each, of forwarding headers that look like a mistake in the
	// configuration. Nil: nobody is.
	Logger *slog.Logger

	told forwardingTold
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	listed := g.Cross.setCORSHeaders(w.Header(), r)
	client, odd := g.Proxies.clientAddress(r)
	g.told.warnOnce(g.Logger, r, odd, client)
	if g.Crowd != nil {
		leave, err := g.Crowd.acquireSlot(client)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		defer leave()
	}
	if !g.requireCanonicalPath(w, r) || g.answerPreflight(w, r, listed) {
		return
	}
	entry, ok := g.findRoute(w, r)
	if !ok {
		return
	}
	operation.Note(w, r, entry.Module, &entry.Operation)
	principal, err := g.authenticateRequest(r, entry.Operation)
	if !g.withinLimit(w, r, entry.Operation, principal, client) {
		return
	}
	if err == nil {
		err = g.sameSite(r, entry.Operation)
	}
	if err == nil {
		err = g.mayCall(r, entry.Operation, principal)
	}
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	g.dispatchAsPrincipal(w, r, entry, principal, client)
}

// requireCanonicalPath answers for paths that have more than one reading.
func (g *Gateway) requireCanonicalPath(w http.ResponseWriter, r *http.Request) bool {
	if plainTarget(r.URL) && Canonical(wirePath(r.URL)) {
		return true
	}
	problem.Write(w, r, problem.New(reason.PathNotCanonical.Status, reason.PathNotCanonical.Code,
		"The path has more than one reading: no empty or dot segments, no semicolons, and no escapes of what needs none or would part it."))
	return false
}

// findRoute finds the operation, or answers that there is none.
func (g *Gateway) findRoute(w http.ResponseWriter, r *http.Request) (*Entry, bool) {
	entry, answer, allow := g.Table.Find(r)
	if answer != nil {
		if len(allow) > 0 {
			w.Header().Set("Allow", strings.Join(allow, ", "))
		}
		problem.Write(w, r, answer)
		return nil, false
	}
	return entry, true
}

// withinLimit counts the request, also one that will be refused, and answers 429 when
// the caller has used its limit up.
func (g *Gateway) withinLimit(w http.ResponseWriter, r *http.Request, op operation.Operation, p identity.Principal, client netip.Addr) bool {
	if g.Limiter == nil {
		return true
	}
	decision := g.Limiter.Take(r.Context(), op.Rate, rateLimitKey(op, p, client))
	decision.Header(w.Header())
	if decision.Allowed {
		return true
	}
	refusal := reason.RateLimited.New()
	refusal.RetryAfter = decision.RetryAfter
	problem.Write(w, r, refusal)
	return false
}

// rateLimitKey is whom a limit counts for: the user, the API key, or the network where
// nobody is signed in or the operation is about signing in.
func rateLimitKey(op operation.Operation, p identity.Principal, client netip.Addr) string {
	if op.Rate == operation.RateAuth || !p.SignedIn() {
		return Network(client)
	}
	if p.UserID != "" {
		return p.UserID
	}
	return p.KeyID
}

// mayCall is the outer check of access. The module that owns the data checks again, and
// by its data. What is for this machine is so at every request: a proxy on the same
// host and a name that points here (DNS rebinding) bring strangers to a loopback
// listener.
func (g *Gateway) mayCall(r *http.Request, op operation.Operation, p identity.Principal) error {
	if op.Access == operation.Loopback && (!g.DevPages || !g.DevPagesForAll && !httpserver.OnLoopback(r)) {
		return problem.New(http.StatusNotFound, "route_not_found", "There is no operation at this path.")
	}
	return op.Admit(p) //nolint:wrapcheck // the decision is what the client gets
}

// dispatchAsPrincipal bounds the request's size and time and hands it on as the
// principal's.
func (g *Gateway) dispatchAsPrincipal(w http.ResponseWriter, r *http.Request, entry *Entry, p identity.Principal, client netip.Addr) {
	op := &entry.Operation
	if r.ContentLength > op.MaxBody {
		problem.Write(w, r, &http.MaxBytesError{Limit: op.MaxBody})
		return
	}
	ctx := identity.WithCaller(identity.NewContext(r.Context(), p), "gateway")
	if entry.Remote && op.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, op.Timeout+slack)
		defer cancel()
	}
	inner := r.WithContext(ctx)
	// What the request was read into is the gateway's own: nobody looks at it again.
	marks := []string{clientMark(client), truncateAddress(client)}
	inner.Header[exchange.ClientHeader], inner.Header[exchange.NetworkHeader] = marks[:1:1], marks[1:]
	if r.ContentLength != 0 {
		inner.Body = http.MaxBytesReader(w, r.Body, op.MaxBody)
	}
	if op.Revokes && g.Settle != nil {
		w = &settling{ResponseWriter: w, settle: func() { g.Settle(context.WithoutCancel(ctx)) }}
	}
	entry.Serve(w, inner, op)
}

// slack is what a module gets beyond its own time-out to say so itself.
const slack = 500 * time.Millisecond

// markBytes of a hash tell as many networks apart as there are.
const markBytes = 16

// clientMark stands for a client's network where an anonymous caller has to be told
// from others.
func clientMark(client netip.Addr) string {
	sum := sha256.Sum256([]byte(Network(client)))
	var text [2 * markBytes]byte
	hex.Encode(text[:], sum[:markBytes])
	return string(text[:])
}
