package rabbit

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
	"google.golang.org/protobuf/proto"

	"app/platform/events"
	"app/platform/events/eventsv1"
)

// contentType of every message: the body is a souk.platform.events.v1.Envelope.
const contentType = "application/x-protobuf"

// encodeMessage writes an event as a message. Everything is in the body; the properties
// and headers repeat what is of use to those who look at the broker, and to consumers
// of other makes.
func encodeMessage(wire *eventsv1.Envelope, e *events.Envelope) (amqp.Publishing, error) {
	body, err := proto.Marshal(wire)
	if err != nil {
		return amqp.Publishing{}, fmt.Errorf("encode %s: %w", e.Type, err)
	}
	headers := amqp.Table{"souk-aggregate": e.Aggregate, "souk-aggregate-id": e.AggregateID}
	if e.Trace != "" {
		headers["traceparent"] = e.Trace
	}
	return amqp.Publishing{
		MessageId: e.ID, Type: e.Type, AppId: "souk", ContentType: contentType, Timestamp: e.OccurredAt,
		DeliveryMode: amqp.Persistent, Headers: headers, Body: body,
	}, nil
}

// decodeMessage reads a message. Its error says that no consumer will ever be able to.
func decodeMessage(body []byte) (events.Envelope, error) {
	var wire eventsv1.Envelope
	if err := proto.Unmarshal(body, &wire); err != nil {
		return events.Envelope{}, fmt.Errorf("%w: %w", events.ErrMalformed, err)
	}
	read, err := events.FromWire([]*eventsv1.Envelope{&wire})
	if err != nil {
		return events.Envelope{}, err
	}
	return read[0], nil
}
