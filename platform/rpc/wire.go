package rpc

import (
	"strings"

	"app/platform/fault"
)

// Reasons that this package gives of its own accord.
const (
	reasonModuleDown     = "module_down"     // the call was not executed
	reasonConnectionLost = "connection_lost" // the call may have been executed
	reasonCallerLeft     = "caller_left"     // never seen by a caller
	reasonOverloaded     = "too_many_calls"
	reasonAssertion      = "assertion_refused"
	reasonNotHosted      = "service_not_hosted"
	reasonMethodUnknown  = "method_unknown"
	reasonMismatch       = "contract_mismatch"
	reasonTooLarge       = "message_too_large"
	reasonInvalid        = "invalid_message"
	reasonTransaction    = "call_in_transaction"
	reasonDownstream     = "dependency_" // a prefix: the callee's own dependency failed
)

// refusal is a call without a response, as its caller's side knows it.
type refusal struct {
	*fault.CallError
	// answered: the callee's guard said so, hence the module is alive.
	answered bool
	// unsent: nothing was asked of the module, so that this says nothing about it.
	unsent bool
	// cause is for the log of the caller's side.
	cause error
}

// isRetryable reports whether a second attempt may do better. Where the callee's own
// dependency failed, the callee has retried already.
func (r *refusal) isRetryable() bool {
	return r != nil && r.Code == fault.Unavailable && !r.unsent && !strings.HasPrefix(r.Reason, reasonDownstream)
}
