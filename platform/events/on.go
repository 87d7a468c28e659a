package events

import (
	"context"

	"google.golang.org/protobuf/proto"

	"app/platform/database"
	"app/platform/fault"
)

// On makes a method the handler of a subscription before its receiver exists:
// subscriptions are declared first, and a module makes its service when it is opened.
// at is where the receiver will lie by then, usually a field of the module, and the
// method is named as an expression: On(&m.service, (*Service).PaymentSucceeded).
//
// The receiver is looked up at each event, so it must be set before the module listens
// and stay as it is. An event that comes while it is still the zero value fails with
// the fault Unavailable, and is tried again later as after any failure.
func On[T comparable, M proto.Message](
	at *T, method func(T, context.Context, *database.Tx, Event[M]) error,
) func(context.Context, *database.Tx, Event[M]) error {
	return func(ctx context.Context, tx *database.Tx, e Event[M]) error {
		var absent T
		if *at == absent {
			return fault.New(fault.Unavailable, "module_starting", "")
		}
		return method(*at, ctx, tx, e)
	}
}
