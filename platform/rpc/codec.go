package rpc

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// encoded is a message that this package encodes itself, so that what cannot be encoded
// gets the same error on both ways of a call. To Connect it is the message.
type encoded struct{ bytes []byte }

// codec is the Connect codec of encoded.
type codec struct{}

// Name implements connect.Codec: on the wire these are plain protobuf messages.
func (codec) Name() string { return "proto" }

// Marshal implements connect.Codec.
func (c codec) Marshal(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalAppend spares the encoded bytes from ending in Connect's buffer pool.
func (codec) MarshalAppend(to []byte, message any) ([]byte, error) {
	m, isOurs := message.(*encoded)
	if !isOurs {
		return nil, fmt.Errorf("cannot encode %T", message)
	}
	return append(to, m.bytes...), nil
}

// Unmarshal implements connect.Codec. The bytes belong to Connect and are copied.
func (codec) Unmarshal(from []byte, message any) error {
	m, isOurs := message.(*encoded)
	if !isOurs {
		return fmt.Errorf("cannot decode %T", message)
	}
	m.bytes = append([]byte(nil), from...)
	return nil
}

// encodeMessage makes the bytes of a message, of nil those of an empty one.
func encodeMessage[M any](m *M) ([]byte, error) {
	if m == nil {
		m = new(M)
	}
	message, isMessage := any(m).(proto.Message)
	if !isMessage {
		return nil, fmt.Errorf("%T is not a message", m)
	}
	b, err := proto.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errInvalidText, err)
	}
	if len(b) > MaxMessage {
		return nil, errTooLarge
	}
	return b, nil
}

func decodeMessage[M any](b []byte) (*M, error) {
	m := new(M)
	message, isMessage := any(m).(proto.Message)
	if !isMessage {
		return nil, fmt.Errorf("%T is not a message", m)
	}
	if err := proto.Unmarshal(b, message); err != nil {
		return nil, fmt.Errorf("%w: %w", errInvalidText, err)
	}
	return m, nil
}
