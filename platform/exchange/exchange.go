// Package exchange is what lies between a listener and the handler of an operation, in
// whichever of the house's packages each is: what is known of a request and its reply
// when it has ended, and what of a request crosses to a module at all.
package exchange

import (
	"net/http"

	"app/platform/httpheader"
	"app/platform/problem"
)

// Exchange is a request and its reply as a listener observes them. It wraps the reply's
// writer; what happens below notes on it what it knows.
type Exchange struct {
	http.ResponseWriter
	// Module and Route say which operation answers: "unmatched" until Note.
	Module, Route string
	// Status is that of the reply, 0 until it begins; Bytes counts its body.
	Status int
	Bytes  int64
	// Problem is what the request ended in, nil when it succeeded.
	Problem *problem.Problem

	public bool // the reply is to a request whose success caches may keep
}

// New begins to observe a reply.
func New(w http.ResponseWriter) *Exchange { return &Exchange{ResponseWriter: w, Route: "unmatched"} }

// ReportProblem notes what the request ended in.
func (x *Exchange) ReportProblem(p *problem.Problem) { x.Problem = p }

// WriteHeader implements http.ResponseWriter.
func (x *Exchange) WriteHeader(status int) {
	if status >= http.StatusOK {
		x.Begin(status)
	}
	x.ResponseWriter.WriteHeader(status)
}

// Begin notes the status of a reply that has not begun before, and decides what
// caches may do with it.
func (x *Exchange) Begin(status int) {
	if x.Status == 0 {
		x.Status = status
		httpheader.DecideCaching(x.Header(), status, x.public)
	}
}

// Write implements http.ResponseWriter.
func (x *Exchange) Write(b []byte) (int, error) {
	x.Begin(http.StatusOK)
	n, err := x.ResponseWriter.Write(b)
	x.Bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection: flushing, deadlines,
// hijacking.
func (x *Exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// Flush implements http.Flusher for callers that do not use http.ResponseController.
func (x *Exchange) Flush() { _ = http.NewResponseController(x.ResponseWriter).Flush() }

// Note says which route of which module answers the request behind w, and whether the
// success may be for caches: for the log line, the metrics and Cache-Control. Until it
// is called a reply is for no cache. Where a module's own process notes what the gateway
// has noted before, both have to agree that it is for caches, because the gateway has
// seen all of the request and the module perhaps a part. What it returns is the writer
// to go on with: where nobody observes the reply, that decides about caching.
func Note(w http.ResponseWriter, module, route string, public bool) http.ResponseWriter {
	x := exchangeOf(w)
	if x == nil {
		return &unobserved{ResponseWriter: w, public: public}
	}
	x.public = public && (x.Module == "" || x.public)
	x.Module, x.Route = module, route
	return w
}

func exchangeOf(w http.ResponseWriter) *Exchange {
	for {
		switch t := w.(type) {
		case *Exchange:
			return t
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return nil
		}
	}
}

// KnownMethod is the method of a request, or "other": a method is whatever a client
// writes, and metrics and messages have to be bounded.
func KnownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// unobserved decides about caching where nobody observes.
type unobserved struct {
	http.ResponseWriter
	public, begun bool
}

// WriteHeader implements http.ResponseWriter.
func (u *unobserved) WriteHeader(status int) {
	if status >= http.StatusOK && !u.begun {
		u.begun = true
		httpheader.DecideCaching(u.Header(), status, u.public)
	}
	u.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (u *unobserved) Write(b []byte) (int, error) {
	if !u.begun {
		u.WriteHeader(http.StatusOK)
	}
	return u.ResponseWriter.Write(b) //nolint:wrapcheck // net/http's contract
}

// Unwrap lets http.ResponseController reach the connection.
func (u *unobserved) Unwrap() http.ResponseWriter { return u.ResponseWriter }
