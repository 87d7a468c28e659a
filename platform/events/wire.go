package events

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"app/platform/database"
	"app/platform/events/eventsv1"
)

// ErrMalformed is an envelope that cannot be what an emitter of the house wrote.
var ErrMalformed = errors.New("malformed event")

// ToWire writes envelopes as messages. The payloads are shared, not copied.
func ToWire(batch []Envelope) []*eventsv1.Envelope {
	out := make([]*eventsv1.Envelope, len(batch))
	for i := range batch {
		out[i] = toWire(&batch[i])
	}
	return out
}

// FromWire reads what ToWire wrote. Its error is ErrMalformed.
func FromWire(in []*eventsv1.Envelope) ([]Envelope, error) {
	batch := make([]Envelope, len(in))
	for i, e := range in {
		if batch[i] = fromWire(e); !batch[i].wellFormed() {
			return nil, fmt.Errorf("%w: %.40q of type %.100q", ErrMalformed, e.GetId(), e.GetType())
		}
	}
	return batch, nil
}

// wellFormed reports whether the envelope can be kept in an inbox.
func (e *Envelope) wellFormed() bool {
	return e.ID != "" && len(e.ID) <= 36 && e.Type != "" && len(e.Type) <= 100
}

// MarshalEnvelope encodes an envelope to be kept: the message that ToWire writes.
func MarshalEnvelope(e *Envelope) ([]byte, error) {
	data, err := proto.Marshal(toWire(e))
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	return data, nil
}

// UnmarshalEnvelope reads what MarshalEnvelope wrote. Its error is ErrPoison.
func UnmarshalEnvelope(data []byte) (Envelope, error) {
	var in eventsv1.Envelope
	if err := proto.Unmarshal(data, &in); err != nil {
		return Envelope{}, fmt.Errorf("%w: %w", ErrPoison, err)
	}
	return fromWire(&in), nil
}

func toWire(e *Envelope) *eventsv1.Envelope {
	return &eventsv1.Envelope{
		Id: e.ID, Type: e.Type, Schema: int32(e.Schema), Module: e.Module,
		Aggregate: e.Aggregate, AggregateId: e.AggregateID, AggregateVersion: e.AggregateVersion,
		OccurredAt: database.Micros(e.OccurredAt), RequestId: e.RequestID, Trace: e.Trace,
		Payload: e.Payload, Sensitive: e.Sensitive,
	}
}

func fromWire(e *eventsv1.Envelope) Envelope {
	return Envelope{
		ID: e.GetId(), Type: e.GetType(), Schema: int(e.GetSchema()), Module: e.GetModule(),
		Aggregate: e.GetAggregate(), AggregateID: e.GetAggregateId(), AggregateVersion: e.GetAggregateVersion(),
		OccurredAt: database.Time(e.GetOccurredAt()), RequestID: e.GetRequestId(), Trace: e.GetTrace(),
		Payload: e.GetPayload(), Sensitive: e.GetSensitive(),
	}
}
