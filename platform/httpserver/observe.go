package httpserver

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"app/platform/callctx"
	"app/platform/identity"
	"app/platform/ids"
)

const requestIDHeader = "X-Request-Id"

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
	if id == "" && o.TrustRequestID && ids.Valid("req", r.Header.Get(requestIDHeader)) {
		id = r.Header.Get(requestIDHeader)
	}
	if id == "" {
		id = ids.New("req", start)
	}
	w.Header()[requestIDHeader] = []string{id}
	x := &exchange{ResponseWriter: w, route: "unmatched"}
	r = r.WithContext(callctx.WithRequestID(r.Context(), id))
	defer o.recordRequest(x, r, start)
	o.serveWithRecovery(x, r)
}

// serveWithRecovery calls the handler and answers for it when it panics.
func (o Observed) serveWithRecovery(x *exchange, r *http.Request) {
	defer func() {
		v := recover()
		switch {
		case v == nil:
		case v == http.ErrAbortHandler: //nolint:errorlint // net/http compares in the same way
			panic(v)
		case x.status != 0:
			x.problem = ProblemOf(&panicError{v, debug.Stack()})
			panic(http.ErrAbortHandler) // the client must not take half a reply for a whole one
		default:
			WriteProblem(x, r, &panicError{v, debug.Stack()})
		}
	}()
	o.Handler.ServeHTTP(x, r)
}

func (o Observed) recordRequest(x *exchange, r *http.Request, start time.Time) {
	elapsed := o.Now().Sub(start)
	x.recordStatus(http.StatusOK) // what net/http sends when nothing was written
	status := x.status
	if x.problem != nil {
		status = x.problem.Status
	}
	o.Metrics.observeRequest(x.module, x.route, r.Method, status, elapsed)
	level := levelOf(status)
	if !o.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("module", x.module), slog.String("method", r.Method), slog.String("route", x.route),
		slog.Int("status", status), slog.Int64("bytes", x.bytes), slog.Duration("took", elapsed),
		slog.String("request_id", callctx.RequestID(r.Context())),
	}
	o.Logger.LogAttrs(r.Context(), level, "request", append(attrs, x.problem.logAttrs(r)...)...)
}

func levelOf(status int) slog.Level {
	switch {
	case status == StatusClientClosedRequest:
		return slog.LevelDebug
	case status == http.StatusInternalServerError:
		return slog.LevelError
	case status > http.StatusInternalServerError:
		return slog.LevelWarn
	case status >= http.StatusBadRequest:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// logAttrs are what the log says of a problem; of the requests that succeed there is
// nothing to say. The path is there because the route of an unknown path says nothing;
// the query is not, because people put secrets in it.
func (p *Problem) logAttrs(r *http.Request) []slog.Attr {
	if p == nil {
		return nil
	}
	out := []slog.Attr{slog.String("code", p.Code), slog.String("path", r.URL.Path)}
	if user := identity.FromContext(r.Context()).UserID; user != "" {
		out = append(out, slog.String("user", user))
	}
	if p.Status < http.StatusInternalServerError {
		return out
	}
	if p.cause != nil {
		out = append(out, slog.String("error", p.cause.Error()))
	}
	var panicked *panicError
	if errors.As(p.cause, &panicked) {
		out = append(out, slog.String("stack", string(panicked.stack)))
	}
	return out
}

// reportProblem leaves the problem for the line of the request; where nobody observes,
// it writes one itself.
func reportProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	if x := exchangeOf(w); x != nil {
		x.problem = p
		return
	}
	attrs := append([]slog.Attr{slog.Int("status", p.Status), slog.String("request_id", p.RequestID)}, p.logAttrs(r)...)
	slog.Default().LogAttrs(r.Context(), levelOf(p.Status), "request failed", attrs...)
}

func exchangeOf(w http.ResponseWriter) *exchange {
	for {
		switch t := w.(type) {
		case *exchange:
			return t
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return nil
		}
	}
}

// exchange remembers what was answered.
type exchange struct {
	http.ResponseWriter
	module, route string
	public        bool // the reply is to a request whose success caches may keep
	status        int  // 0 until the reply begins
	bytes         int64
	problem       *Problem
}

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(status int) {
	if status >= http.StatusOK {
		x.recordStatus(status)
	}
	x.ResponseWriter.WriteHeader(status)
}

// recordStatus notes the status of a reply that has not begun before, and decides what
// caches may do with it.
func (x *exchange) recordStatus(status int) {
	if x.status == 0 {
		x.status = status
		decideCaching(x.Header(), status, x.public)
	}
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(b []byte) (int, error) {
	x.recordStatus(http.StatusOK)
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection: flushing, deadlines,
// hijacking.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// Flush implements http.Flusher for callers that do not use http.ResponseController.
func (x *exchange) Flush() { _ = http.NewResponseController(x.ResponseWriter).Flush() }

// panicError is a panic of a handler on its way to the log.
type panicError struct {
	value any
	stack []byte
}

// Error implements error.
func (p *panicError) Error() string { return "panic: " + panicMessage(p.value) }

func panicMessage(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case string:
		return v
	case interface{ String() string }:
		return v.String()
	}
	return "value of no known kind"
}
