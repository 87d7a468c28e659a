// Package operation declares what a module publishes over HTTP: operations with typed
// input and output on Huma and gorilla/mux, strict about what comes in; who may call
// them, cursors and entity tags; and the OpenAPI document that follows.
//
// An operation is served the same way whether the gateway calls it in its own process
// or proxies to it: the handler sees the principal, the request id, the idempotency
// key, the trace and the deadline, and no header it has not declared.
package operation
