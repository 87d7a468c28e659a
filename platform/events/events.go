// Package events lets one module act on what happened in another. An event is written
// in the transaction that makes it true (Emit, outbox), handed on by a relay, and
// handled in a transaction of the listening module together with the mark that it was
// (Subscribe, inbox). So nothing that was rolled back ever arrives, nothing committed
// is ever lost, and although an event may be delivered twice it has one effect in each
// consumer's database.
//
// Events of one aggregate reach a consumer in the order of their emission as long as
// nothing fails. After a failure they may arrive in any order: a consumer that cares
// compares Envelope.AggregateVersion.
//
// This package is what modules use; those below it carry the events. Emit inserts a row
// into the outbox (package outbox) and wakes the relay after the commit. The relay
// (package relay) carries it to its destinations, and the inbox (package inbox) of each
// module that listens has it handled. A process joins its relays and inboxes in a node
// (package node), which reaches other processes by calls (package delivery) or by a
// broker (package rabbit). Package backlog counts what waits. Every step may be repeated
// or cut short at any moment.
package events

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Envelope is an event as it travels, with what is known about it.
type Envelope struct {
	// ID is a UUIDv7, the same at every delivery.
	ID string
	// Type is the module and the name, as in "orders.Paid"; see TypeOf.
	Type string
	// Schema is the version of the contract package, 1 for souk.orders.events.v1.
	Schema int
	// Module emitted the event.
	Module string
	// Aggregate, AggregateID and AggregateVersion are the Key that the emitter gave.
	Aggregate, AggregateID string
	AggregateVersion       int64
	// OccurredAt is the time of emission, UTC, in whole microseconds.
	OccurredAt time.Time
	// RequestID names the request that caused the event, empty when none did.
	RequestID string
	// Trace is the W3C traceparent of the emitter, empty when it was not traced.
	Trace string
	// Payload is the message, encoded.
	Payload []byte
	// Sensitive payloads are blanked as soon as nobody needs them any more, and never
	// shown.
	Sensitive bool
}

// Event is what a handler gets: the envelope and the message.
type Event[M proto.Message] struct {
	Envelope
	Body M
}

// Key says what an event is about: the kind of thing, its id, and its version after the
// change. Events of one kind and id are delivered in order; events with an empty ID in
// none.
type Key struct {
	Aggregate string // at most 64 bytes
	ID        string // at most 128 bytes
	Version   int64
}

// TypeOf names the type of an event's message: "orders.Paid" for
// souk.orders.events.v1.Paid.
func TypeOf(m proto.Message) string {
	name := m.ProtoReflect().Descriptor().FullName()
	return moduleOf(name) + "." + string(name.Name())
}

// moduleOf is the second element of a message's full name.
func moduleOf(name protoreflect.FullName) string {
	parts := strings.SplitN(string(name), ".", 3)
	if len(parts) < 3 {
		return parts[0]
	}
	return parts[1]
}

// schemaOf is the number in the version element of the message's package, 1 when there
// is none.
func schemaOf(m proto.Message) int {
	pkg := m.ProtoReflect().Descriptor().FullName().Parent()
	if n, err := strconv.Atoi(strings.TrimPrefix(string(pkg.Name()), "v")); err == nil {
		return n
	}
	return 1
}
