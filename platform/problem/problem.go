package problem

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"app/platform/callctx"
	"app/platform/fault"
	"app/platform/httpheader"
)

// Field points at one wrong value of the request. Pointer is a JSON pointer (RFC
// 6901) into the body, or a slash and the name of a path parameter, query parameter or
// header: "/price/amount", "/limit", "/Idempotency-Key".
type Field struct {
	Pointer string `json:"pointer" example:"/price/amount" doc:"JSON pointer into the body, or a slash and the name of a parameter or header"`
	Detail  string `json:"detail" example:"expected number >= 0" doc:"What is wrong with the value"`
}

// Problem is the body of every error reply (RFC 9457, application/problem+json). It is
// an error too, for the few cases that have a status but no fault code.
type Problem struct { //nolint:errname // first of all the name of the reply (RFC 9457)
	Type      string  `json:"type" format:"uri-reference" example:"/docs/problems#validation_failed" doc:"Where this kind of problem is explained"`
	Title     string  `json:"title" example:"Invalid values" doc:"The kind of problem in a few words"`
	Status    int     `json:"status" example:"422" doc:"The HTTP status"`
	Code      string  `json:"code" example:"validation_failed" doc:"Stable token to decide by"`
	Detail    string  `json:"detail,omitempty" doc:"What happened this time, for people"`
	Errors    []Field `json:"errors,omitempty" doc:"The wrong values, one by one"`
	RequestID string  `json:"request_id,omitempty" example:"req_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"Quote it when you report the problem"`

	retryAfter time.Duration
	header     http.Header
	cause      error
}

// New makes a problem of the status with a code of the catalogue, or of the
// module's own.
func New(status int, code, detail string, fields ...Field) *Problem {
	p := &Problem{Type: PagePath + "#" + code, Title: problemTitle(code, status), Status: status, Code: code, Detail: detail}
	if len(fields) > 0 {
		p.Errors = fields
	}
	return p
}

// WithHeader adds a header to the reply and returns the same problem.
func (p *Problem) WithHeader(name, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// WithRetryAfter tells the client when to come back and returns the same problem.
func (p *Problem) WithRetryAfter(wait time.Duration) *Problem {
	p.retryAfter = wait
	return p
}

// Error implements error.
func (p *Problem) Error() string {
	text := strconv.Itoa(p.Status) + " " + p.Code
	if p.cause != nil {
		text += ": " + p.cause.Error()
	}
	return text
}

// Unwrap gives the cause, which only the log shows.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return ContentType }

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// statuses are the HTTP statuses of the fault codes.
var statuses = map[fault.Code]int{
	fault.InvalidArgument:    http.StatusUnprocessableEntity,
	fault.Unauthenticated:    http.StatusUnauthorized,
	fault.PermissionDenied:   http.StatusForbidden,
	fault.NotFound:           http.StatusNotFound,
	fault.AlreadyExists:      http.StatusConflict,
	fault.Aborted:            http.StatusConflict,
	fault.FailedPrecondition: http.StatusConflict,
	fault.VersionMismatch:    http.StatusPreconditionFailed,
	fault.ResourceExhausted:  http.StatusTooManyRequests,
	fault.Canceled:           StatusClientClosedRequest,
	fault.DeadlineExceeded:   http.StatusGatewayTimeout,
	fault.Unavailable:        http.StatusServiceUnavailable,
	fault.Unimplemented:      http.StatusNotImplemented,
	fault.Internal:           http.StatusInternalServerError,
}

// statusOf is the HTTP status of a reason.
func statusOf(r fault.Reason) int {
	if r.Status != 0 {
		return r.Status
	}
	return statuses[r.Kind]
}

// StatusClientClosedRequest is what is logged when the client went away before the
// reply; no client sees it.
const StatusClientClosedRequest = 499

// Of turns any error into the problem a client may see. What the process alone
// should know stays behind as the cause: of a 5xx only status, code and a general
// sentence leave.
func Of(err error) *Problem {
	var own *Problem
	if errors.As(err, &own) {
		p := *own
		p.cause = err
		return &p
	}
	var cut *http.MaxBytesError
	if errors.As(err, &cut) {
		p := BodyTooLarge()
		p.cause = err
		return p
	}
	f := fault.From(err)
	status, ok := statuses[f.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	code, detail := f.Reason, f.Detail
	if code == "" || status == http.StatusInternalServerError {
		code = string(f.Code)
	}
	if status >= http.StatusInternalServerError || detail == "" {
		detail = defaultDetail(status)
	}
	p := New(status, code, detail)
	p.retryAfter, p.cause = f.RetryAfter, err
	if status < http.StatusInternalServerError {
		p.Errors = fieldsOf(f.Fields)
	}
	return p
}

func fieldsOf(in []fault.Field) []Field {
	if len(in) == 0 {
		return nil
	}
	out := make([]Field, len(in))
	for i, f := range in {
		out[i] = Field{Pointer: f.Pointer, Detail: f.Detail}
	}
	return out
}

// Write answers with the problem that err is: the one place that decides status,
// code, body, Retry-After and the log line of a failed request. It must not be called
// after the reply has begun.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	p, header := Of(err), w.Header()
	if p.RequestID == "" {
		p.RequestID = callctx.RequestID(r.Context())
	}
	if p.RequestID == "" {
		p.RequestID = header.Get(callctx.RequestIDHeader)
	}
	p.report(w, r)
	body := p.Render(header)
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a client that is gone is nobody's concern
}

// Render makes the body of the reply and sets the headers that belong to it, for whoever
// answers without a http.ResponseWriter; everybody else uses Write.
func (p *Problem) Render(header http.Header) []byte {
	body := p.JSON()
	maps.Copy(header, p.header)
	header.Set("Content-Type", ContentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	httpheader.Uncached(header)
	p.addHeaders(header)
	return body
}

// addHeaders adds the headers that the status calls for.
func (p *Problem) addHeaders(header http.Header) {
	wait := p.retryAfter
	switch {
	case wait <= 0 && (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests):
		wait = time.Second
	case p.Status == http.StatusUnauthorized && header.Get("WWW-Authenticate") == "":
		header.Set("WWW-Authenticate", `Bearer realm="souk"`) // RFC 9110 section 15.5.2 demands a challenge
	}
	if wait > 0 && header.Get("Retry-After") == "" {
		header.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
}

// MaxFields bounds how many wrong values one reply names.
const MaxFields = 50

// JSON is the body of the reply: its wrong values are in order, each once.
func (p *Problem) JSON() []byte {
	if len(p.Errors) > 0 {
		p.Errors = slices.Clone(p.Errors)
		slices.SortStableFunc(p.Errors, func(a, b Field) int { return strings.Compare(a.Pointer, b.Pointer) })
		p.Errors = slices.Compact(p.Errors)
		p.Errors = p.Errors[:min(len(p.Errors), MaxFields)]
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // strings and integers always encode
	return out.Bytes()
}
