// Package rpc is the boundary between modules: a module calls another through a
// generated client and cannot tell whether the other is in its process or behind a
// network.
//
// A contract is a proto file. protoc-gen-souk (in this tree) generates for its service
// Catalog
//
//	CatalogContract                     who answers, and what may be asked
//	NeedCatalog(*CatalogClient)         a Dependency: the caller's need of a client
//	ServeCatalog(func() CatalogHandler) a Service: the callee's answer
//
// beside the client and handler interfaces of Connect, which are the same. Whoever
// assembles a process makes one Runtime and decides for each edge, caller to callee,
// how it is bound:
//
//	r := rpc.NewRuntime(rpc.Options{Signer: signer, Logger: logger, Metrics: registry})
//	r.BindLocal("orders", dependency, service)           // both in this process
//	r.BindRemote("orders", dependency, "http://catalog") // elsewhere, or this process over loopback
//	mux.Handle(rpc.Prefix, r.Handler(services...))       // what others may call here
//	...
//	server.Shutdown(ctx); r.Drain(ctx); stop the modules; r.Close()
//
// Clients are filled when they are bound. A service's handler is asked for at its first
// call, so modules may be bound before they are open; calls to one that has no handler
// yet are unavailable (reason module_starting).
//
// Both ways keep the same promises, through one guard; package rpctest runs each of
// them over both:
//
//   - Of the caller's context only deadline, cancellation, trace, request id, principal
//     and idempotency key reach the callee, who also learns the verified name of the
//     calling module (identity.Caller). The callee's context ends with the call. A call
//     without a deadline gets one.
//   - A call whose context has ended is not executed. A callee that ignores its
//     deadline does not hold its caller up.
//   - Messages are copied. A nil message is an empty one. Strings must be UTF-8 and
//     messages at most MaxMessage long: invalid_argument and resource_exhausted
//     otherwise.
//   - Every error is a *fault.CallError: a code of a closed set, a reason, fields and
//     typed details. What a callee returns goes through fault.From, so the error of
//     its own callee does not pass for its own. Unknown errors and panics are internal,
//     logged once, by the module in which they happened.
//   - A call from inside a database transaction is refused (callctx.WithTransaction
//     marks them).
//   - Per edge at most InFlight calls are at work; more wait a second at most. A module
//     that does not answer is left alone for half a second at a time (unavailable,
//     reason module_down); callers that went away do not count against it.
//   - A call fails once. Only a method declared NO_SIDE_EFFECTS or IDEMPOTENT is tried
//     a second time, on unavailable, and only one call in ten.
//   - A service that was given its callers (Service.For) answers those that have
//     declared the call, and of it the methods they have named (Dependency.Only):
//     permission_denied (caller_not_declared) otherwise, logged once, by the callee.
//
// Between processes a call is a Connect POST over HTTP/1.1 with an assertion (package
// identity) whose audience is the module called, for that one request. Nothing without
// one gets in, and nothing comes in twice by one. Both sides name their contract:
// another major version is refused with failed_precondition (contract_mismatch), a
// method or module that is not there with unimplemented (method_unknown,
// service_not_hosted); added methods and fields do no harm.
package rpc
