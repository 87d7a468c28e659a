package rpc

import (
	"context"
	"reflect"
	"sync/atomic"

	"app/platform/fault"
)

// Endpoint is one method of a service, its types erased. Made by NewEndpoint.
type Endpoint struct {
	local any // func(context.Context, *Req) (*Resp, error)
	wire  wireFunc
}

// wireFunc is a method with its messages encoded.
type wireFunc func(ctx context.Context, in []byte) ([]byte, error)

// Once is called by generated code: it asks for the handler until there is one, and
// keeps that.
func Once[H any](handler func() H) func() (H, bool) {
	var kept atomic.Pointer[H]
	return func() (H, bool) {
		if h := kept.Load(); h != nil {
			return *h, true
		}
		h := handler()
		if v := reflect.ValueOf(&h).Elem().Elem(); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
			return h, false
		}
		kept.CompareAndSwap(nil, &h)
		return *kept.Load(), true
	}
}

// NewEndpoint is called by generated code with a method of the handler's interface.
// Until there is a handler, calls are unavailable with the reason module_starting.
func NewEndpoint[H, Req, Resp any](handler func() (H, bool), method func(H, context.Context, *Req) (*Resp, error)) Endpoint {
	local := func(ctx context.Context, req *Req) (*Resp, error) {
		h, ready := handler()
		if !ready {
			return nil, fault.New(fault.Unavailable, "module_starting", "")
		}
		return method(h, ctx, req)
	}
	return Endpoint{local: local, wire: func(ctx context.Context, in []byte) ([]byte, error) {
		req, err := decodeMessage[Req](in)
		if err != nil {
			return nil, fault.New(fault.InvalidArgument, reasonInvalid, "").Because(err)
		}
		resp, err := local(ctx, req)
		if err != nil {
			return nil, err
		}
		out, err := encodeMessage(resp)
		return out, responseFault(err)
	}}
}
