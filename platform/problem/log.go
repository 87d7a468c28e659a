package problem

import (
	"errors"
	"log/slog"
	"net/http"

	"app/platform/identity"
)

// reporter takes the problem of a request for the one line that the log has of it.
type reporter interface{ ReportProblem(p *Problem) }

// report leaves the problem to whoever observes the request and wraps its
// http.ResponseWriter; where nobody does, it writes a line itself.
func (p *Problem) report(w http.ResponseWriter, r *http.Request) {
	for at := w; ; {
		if observer, ok := at.(reporter); ok {
			observer.ReportProblem(p)
			return
		}
		inner, ok := at.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		at = inner.Unwrap()
	}
	attrs := append([]slog.Attr{slog.Int("status", p.Status), slog.String("request_id", p.RequestID)}, p.LogAttrs(r)...)
	slog.Default().LogAttrs(r.Context(), LogLevel(p.Status), "request failed", attrs...)
}

// LogLevel is the level of a reply with the status: Error for 500, Warn for other 5xx,
// Info for refused requests, Debug for the rest.
func LogLevel(status int) slog.Level {
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

// LogAttrs are what the log says of a problem; of the requests that succeed there is
// nothing to say. The path is there because the route of an unknown path says nothing;
// the query is not, because people put secrets in it.
func (p *Problem) LogAttrs(r *http.Request) []slog.Attr {
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
	var panicked *PanicError
	if errors.As(p.cause, &panicked) {
		out = append(out, slog.String("stack", string(panicked.Stack)))
	}
	return out
}

// PanicError is a panic of a handler on its way to the log: to the client it is a 500.
type PanicError struct {
	Value any
	Stack []byte
}

// Error implements error.
func (p *PanicError) Error() string { return "panic: " + panicMessage(p.Value) }

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
