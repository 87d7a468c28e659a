package events

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// JSON shows the payload for people. A sensitive one is not shown; one whose type this
// program does not know is an error.
func (e *Envelope) JSON() ([]byte, error) {
	if e.Sensitive {
		return []byte(`{"sensitive": true}`), nil
	}
	m, err := e.decodePayload()
	if err != nil {
		return nil, err
	}
	out, err := protojson.MarshalOptions{Multiline: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("show payload of %s: %w", e.Type, err)
	}
	return out, nil
}

// decodePayload decodes the payload by the name that TypeOf made the type of.
func (e *Envelope) decodePayload() (proto.Message, error) {
	var found protoreflect.MessageType
	protoregistry.GlobalTypes.RangeMessages(func(mt protoreflect.MessageType) bool {
		m := mt.Zero().Interface()
		if TypeOf(m) == e.Type && schemaOf(m) == e.Schema {
			found = mt
		}
		return found == nil
	})
	if found == nil {
		return nil, fmt.Errorf("show payload of %s: the type is not known here", e.Type)
	}
	m := found.New().Interface()
	if err := proto.Unmarshal(e.Payload, m); err != nil {
		return nil, fmt.Errorf("show payload of %s: %w", e.Type, err)
	}
	return m, nil
}
