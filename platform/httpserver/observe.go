package httpserver

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"app/platform/callctx"
	"app/platform/exchange"
	"app/platform/ids"
	"app/platform/problem"
)

// Observed is what a listener learns of each request. It wraps a handler so that every
// reply has a request id, is counted and is logged in one line, and a panic becomes a
// 500.
type Observed struct {
	// Handler does the work.
	Handler http.Handler
	// Logger takes the lines: Error for 500, Warn for other 5xx, Info for refused
	// requests, Debug for the rest.
	Logger *slog.Logger
	// Metrics may be nil.
	Metrics *Metrics
	// Now is the clock.
	Now func() time.Time
	// TrustRequestID takes X-Request-Id from the request: only where all callers are
	// the house's own processes.
	TrustRequestID bool
}

// ServeHTTP implements http.Handler.
func (o Observed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := o.Now()
	id := callctx.RequestID(r.Context())
	if id == "" && o.TrustRequestID && ids.Valid("req", r.Header.Get(callctx.RequestIDHeader)) {
		id = r.Header.Get(callctx.RequestIDHeader)
	}
	if id == "" {
		id = ids.New("req", start)
	}
	w.Header()[callctx.RequestIDHeader] = []string{id}
	x := exchange.New(w)
	r = r.WithContext(callctx.WithRequestID(r.Context(), id))
	defer o.recordRequest(x, r, start)
	o.serveWithRecovery(x, r)
}

// serveWithRecovery calls the handler and answers for it when it panics.
func (o Observed) serveWithRecovery(x *exchange.Exchange, r *http.Request) {
	defer func() {
		v := recover()
		switch {
		case v == nil:
		case v == http.ErrAbortHandler: //nolint:errorlint // net/http compares in the same way
			panic(v)
		case x.Status != 0:
			x.Problem = problem.Of(&problem.PanicError{Value: v, Stack: debug.Stack()})
			panic(http.ErrAbortHandler) // the client must not take half a reply for a whole one
		default:
			problem.Write(x, r, &problem.PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	o.Handler.ServeHTTP(x, r)
}

func (o Observed) recordRequest(x *exchange.Exchange, r *http.Request, start time.Time) {
	elapsed := o.Now().Sub(start)
	x.Begin(http.StatusOK) // what net/http sends when nothing was written
	status := x.Status
	if x.Problem != nil {
		status = x.Problem.Status
	}
	o.Metrics.observeRequest(x.Module, x.Route, r.Method, status, elapsed)
	level := problem.LogLevel(status)
	if !o.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("module", x.Module), slog.String("method", r.Method), slog.String("route", x.Route),
		slog.Int("status", status), slog.Int64("bytes", x.Bytes), slog.Duration("took", elapsed),
		slog.String("request_id", callctx.RequestID(r.Context())),
	}
	o.Logger.LogAttrs(r.Context(), level, "request", append(attrs, x.Problem.LogAttrs(r)...)...)
}
