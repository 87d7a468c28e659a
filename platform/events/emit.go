package events

import (
	"context"
	"fmt"
	"unicode/utf8"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/protobuf/proto"

	"app/platform/callctx"
	"app/platform/database"
	"app/platform/events/internal/wakeup"
	"app/platform/ids"
)

// MaxPayload bounds the encoded message of an event, in bytes.
const MaxPayload = 1 << 20

// Option changes how an event is emitted.
type Option func(*Envelope)

// Sensitive marks a payload that must not outlive its delivery, such as a one-time
// code: it is blanked in the outbox once every listener has the event, kept in an inbox
// only while its consumer fails, and never shown.
func Sensitive() Option { return func(e *Envelope) { e.Sensitive = true } }

const insertOutbox = `INSERT INTO events_outbox
	(id, type, schema_version, aggregate, aggregate_id, aggregate_version, occurred_at, request_id, trace, secret, state, payload)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`

// Emit tells the house what the transaction makes true. The event exists if and only if
// the transaction commits; the time is that of the database's clock. It fails when a
// bound of Key or MaxPayload is passed, when a text is not UTF-8, and when the module
// has not declared the type (which is known where its events are relayed).
func Emit(ctx context.Context, tx *database.Tx, key Key, m proto.Message, options ...Option) error {
	env, err := buildEnvelope(ctx, tx, key, m)
	if err != nil {
		return fmt.Errorf("emit %s: %w", TypeOf(m), err)
	}
	for _, apply := range options {
		apply(&env)
	}
	relays := wakeup.RelaysOf(tx.DB())
	for _, r := range relays {
		if !r.HasRoute(env.Type) {
			return fmt.Errorf("emit %s: %s does not declare it", env.Type, env.Module)
		}
	}
	_, err = tx.Exec(ctx, insertOutbox, env.ID, env.Type, env.Schema, env.Aggregate, env.AggregateID, env.AggregateVersion,
		database.Micros(env.OccurredAt), env.RequestID, env.Trace, env.Sensitive, env.Payload)
	if err != nil {
		return fmt.Errorf("emit %s: %w", env.Type, err)
	}
	for _, r := range relays {
		tx.AfterCommit(r.Wake)
	}
	return nil
}

func buildEnvelope(ctx context.Context, tx *database.Tx, key Key, m proto.Message) (Envelope, error) {
	if len(key.Aggregate) > 64 || len(key.ID) > 128 || !utf8.ValidString(key.Aggregate+key.ID) {
		return Envelope{}, fmt.Errorf("key %.64q %.128q: too long or not UTF-8", key.Aggregate, key.ID)
	}
	payload, err := proto.Marshal(m)
	if err != nil {
		return Envelope{}, fmt.Errorf("encode: %w", err)
	}
	if len(payload) > MaxPayload {
		return Envelope{}, fmt.Errorf("encode: %d bytes, at most %d are carried", len(payload), MaxPayload)
	}
	if payload == nil {
		payload = []byte{} // NULL is not an empty message
	}
	now := tx.DB().Now()
	return Envelope{
		ID: ids.Event(now), Type: TypeOf(m), Schema: schemaOf(m), Module: tx.DB().Module(),
		Aggregate: key.Aggregate, AggregateID: key.ID, AggregateVersion: key.Version,
		OccurredAt: now, RequestID: requestID(ctx), Trace: traceparentHeader(ctx), Payload: payload,
	}, nil
}

// requestID drops an id that is not fit to be stored: it came from outside and is a
// convenience only.
func requestID(ctx context.Context) string {
	id := callctx.RequestID(ctx)
	if len(id) > 128 || !utf8.ValidString(id) {
		return ""
	}
	return id
}

func traceparentHeader(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}
