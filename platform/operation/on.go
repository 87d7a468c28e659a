package operation

import (
	"context"

	"app/platform/fault"
)

// On makes a method the handler of an operation before its receiver exists: operations
// are declared first, and a module makes its service when it is opened. at is where the
// receiver will lie by then, usually a field of the module, and the method is named as
// an expression: On(&m.orders, (*Handlers).PlaceOrder).
//
// The receiver is looked up at each request, so it must be set before the module serves
// and stay as it is. A request that comes while it is still the zero value gets the
// fault Unavailable, which a client may repeat.
func On[T comparable, I, O any](at *T, method func(T, context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		var absent T
		if *at == absent {
			return nil, fault.New(fault.Unavailable, "module_down", "The module is starting or stopping.")
		}
		return method(*at, ctx, in)
	}
}
