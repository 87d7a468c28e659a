// Package wire is the form in which errors cross between modules: a message of their
// code, reason, fields and details. Local calls bring theirs into it as well, so that a
// caller sees the same either way.
package wire

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"app/platform/fault"
	"app/platform/rpc/rpcv1"
	"app/platform/text"
)

// maxErrorSize bounds the encoded size of an error; a larger one crosses without fields
// and details.
const maxErrorSize = 256 << 10

// maxRetryAfter bounds what another process may say of when to try again.
const maxRetryAfter = time.Hour

var codes = map[fault.Code]bool{
	fault.InvalidArgument: true, fault.Unauthenticated: true, fault.PermissionDenied: true, fault.NotFound: true,
	fault.AlreadyExists: true, fault.Aborted: true, fault.FailedPrecondition: true, fault.VersionMismatch: true,
	fault.ResourceExhausted: true, fault.Canceled: true, fault.DeadlineExceeded: true, fault.Unavailable: true,
	fault.Unimplemented: true, fault.Internal: true,
}

// FromError keeps of an error what may cross: code, reason, fields, typed details and
// when to try again, but no free text and no cause. Details that cannot be encoded are
// left out; complete is false then.
func FromError(v *fault.Error) (w *rpcv1.Error, complete bool) {
	w = &rpcv1.Error{Code: string(v.Code), Reason: text.Valid(v.Reason), RetryAfterMs: v.RetryAfter.Milliseconds()}
	complete = true
	for _, f := range v.Fields {
		w.Fields = append(w.Fields, &rpcv1.Field{Pointer: text.Valid(f.Pointer), Detail: text.Valid(f.Detail)})
	}
	for _, d := range v.Details {
		packed, err := anypb.New(d)
		if err != nil {
			complete = false
			continue
		}
		w.Details = append(w.Details, packed)
	}
	if (len(w.GetDetails()) > 0 || len(w.GetFields()) > 0) && proto.Size(w) > maxErrorSize {
		w.Details, w.Fields, complete = nil, nil, false
	}
	return w, complete
}

// CallError makes what the caller sees. A code outside the set and a detail of an
// unknown type, both from a peer of another release, become internal and nothing.
func CallError(module, method string, w *rpcv1.Error) *fault.CallError {
	e := &fault.CallError{Module: module, Method: method, Code: fault.Code(w.GetCode()), Reason: w.GetReason()}
	e.RetryAfter = min(max(0, time.Duration(w.GetRetryAfterMs())*time.Millisecond), maxRetryAfter)
	if !codes[e.Code] {
		e.Code, e.Reason = fault.Internal, "unknown_code"
	}
	for _, f := range w.GetFields() {
		e.Fields = append(e.Fields, fault.Field{Pointer: f.GetPointer(), Detail: f.GetDetail()})
	}
	for _, d := range w.GetDetails() {
		if m, err := d.UnmarshalNew(); err == nil {
			e.Details = append(e.Details, m)
		}
	}
	return e
}
