// Package fault is the one error vocabulary of the house: a closed set of codes, a
// reason a program can switch on, and typed details. Services return *Error; the
// boundary between modules and the REST layer translate it. Free text stays in the
// process that wrote it.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
)

// Code is one of a closed set; nothing else crosses a boundary.
type Code string

// The codes, with the HTTP status that the public API answers for each.
const (
	InvalidArgument    Code = "invalid_argument"    // 422: the caller's input is wrong; Fields says where
	Unauthenticated    Code = "unauthenticated"     // 401
	PermissionDenied   Code = "permission_denied"   // 403
	NotFound           Code = "not_found"           // 404: absent, or another's
	AlreadyExists      Code = "already_exists"      // 409
	Aborted            Code = "aborted"             // 409: lost against a concurrent change; try again
	FailedPrecondition Code = "failed_precondition" // 409: the state does not allow it
	VersionMismatch    Code = "version_mismatch"    // 412: If-Match did not hold
	ResourceExhausted  Code = "resource_exhausted"  // 429: a limit
	Canceled           Code = "canceled"            // 499: the caller went away
	DeadlineExceeded   Code = "deadline_exceeded"   // 504
	Unavailable        Code = "unavailable"         // 503: try later
	Unimplemented      Code = "unimplemented"       // 501
	Internal           Code = "internal"            // 500: ours to mend
)

// Field points at one wrong value of the input with a JSON pointer (RFC 6901), as in
// "/price/amount".
type Field struct {
	Pointer string
	Detail  string
}

// Error is what the code that returns it says went wrong, in a closed set of codes.
type Error struct {
	Code Code
	// Reason is a stable snake_case token such as "stock_short"; it crosses boundaries.
	Reason string
	// Detail is a sentence for the person who called the public API; it never crosses
	// between modules.
	Detail string
	// Fields name wrong inputs; they cross boundaries.
	Fields []Field
	// Details are typed messages of the module's contract; they cross boundaries.
	Details []proto.Message
	// RetryAfter, when positive, tells a caller when to come back.
	RetryAfter time.Duration

	cause error
}

// New makes an Error. The reason is a stable token, the detail a sentence for people.
func New(code Code, reason, detail string) *Error {
	return &Error{Code: code, Reason: reason, Detail: detail}
}

// Invalid reports wrong inputs, one field each.
func Invalid(fields ...Field) *Error {
	return &Error{Code: InvalidArgument, Reason: "validation_failed", Detail: "The request has invalid values.", Fields: fields}
}

// Missing is the answer for what does not exist or is not the caller's: the two cannot
// be told apart.
func Missing(what string) *Error {
	return &Error{Code: NotFound, Reason: what + "_not_found", Detail: "There is no such " + what + "."}
}

// With attaches typed details and returns the same error.
func (e *Error) With(details ...proto.Message) *Error {
	e.Details = append(e.Details, details...)
	return e
}

// Because attaches a cause for the log; it is never shown to a caller.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Error implements error.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s (%s): %v", e.Code, e.Reason, e.cause)
	}
	return fmt.Sprintf("%s (%s)", e.Code, e.Reason)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// CallError is what a caller sees when another module answered with an error. It is
// deliberately not an *Error: returned as it is, another module's error becomes
// Internal (Unavailable and DeadlineExceeded excepted), so a callee's "not found" is
// never mistaken for one's own.
type CallError struct {
	Module  string // who answered, such as "catalog"
	Method  string // such as "Reserve"
	Code    Code
	Reason  string
	Fields  []Field
	Details []proto.Message
	// RetryAfter, when positive, is when the module wants to be asked again.
	RetryAfter time.Duration
}

// Error implements error.
func (e *CallError) Error() string {
	return fmt.Sprintf("call %s.%s: %s (%s)", e.Module, e.Method, e.Code, e.Reason)
}

// CodeOf reads the code of an error for a caller that decides by it: of an Error, of a
// call, or of a context error. No error has no code.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var call *CallError
	if errors.As(err, &call) {
		return call.Code
	}
	return From(err).Code
}

// ReasonOf reads the reason of an Error or a call, empty when there is none.
func ReasonOf(err error) string {
	if err == nil {
		return ""
	}
	var call *CallError
	if errors.As(err, &call) {
		return call.Reason
	}
	return From(err).Reason
}

// From turns any error into the one that a boundary may show. An Error stays; a
// callee's becomes Internal, except that Unavailable and DeadlineExceeded stay what
// they are; context errors keep their meaning; the rest is Internal with the error as
// its cause.
func From(err error) *Error {
	var own *Error
	var call *CallError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	case errors.As(err, &call):
		if call.Code == Unavailable || call.Code == DeadlineExceeded || call.Code == Canceled {
			return &Error{Code: call.Code, Reason: "dependency_" + string(call.Code), cause: err, RetryAfter: max(call.RetryAfter, time.Second)}
		}
	case errors.Is(err, context.Canceled):
		return &Error{Code: Canceled, Reason: "canceled", cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: DeadlineExceeded, Reason: "deadline_exceeded", cause: err}
	}
	return &Error{Code: Internal, Reason: "internal", cause: err}
}
