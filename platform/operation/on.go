package operation

import (
	"context"
	"net/http"

	"app/platform/fault"
	"app/platform/problem"
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
			return nil, moduleDown()
		}
		return method(*at, ctx, in)
	}
}

// RawOn is On for API.Raw: for methods that read the request and write the reply
// themselves.
func RawOn[T comparable](at *T, method func(T, http.ResponseWriter, *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var absent T
		if *at == absent {
			problem.Write(w, r, moduleDown())
			return
		}
		method(*at, w, r)
	})
}

func moduleDown() error {
	return fault.New(fault.Unavailable, "module_down", "The module is starting or stopping.")
}
