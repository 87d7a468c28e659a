// Package httpserver is how a module speaks HTTP: operations declared with typed input
// and output on Huma and gorilla/mux, strict about what comes in; one form for every
// error (problem+json, RFC 9457); idempotency keys kept in the module's own database;
// cursor paging, entity tags; and the server that listens, drains and counts.
//
// An operation is served the same way whether the gateway calls it in its own process
// or proxies to it: the handler sees the principal, the request id, the idempotency
// key, the trace and the deadline, and no header it has not declared.
package httpserver
