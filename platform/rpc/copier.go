package rpc

import (
	"errors"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"app/platform/fault"
)

// Copier is what generated code copies a message with. While copying it finds what
// would keep the message from being encoded, so that a local call refuses what a remote
// one would.
type Copier struct {
	// bound is at least the encoded size; only a message near the limit is measured
	// exactly.
	bound   int
	invalid bool
}

// Grow counts bytes of the encoded message.
func (c *Copier) Grow(n int) { c.bound += n }

// Text copies a string; one that is not UTF-8 makes the message invalid (proto3 strings
// are UTF-8).
func (c *Copier) Text(s string) string {
	c.bound += len(s)
	if !utf8.ValidString(s) {
		c.invalid = true
	}
	return s
}

// Bytes copies bytes of which the empty value means absence.
func (c *Copier) Bytes(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return c.Present(b)
}

// Present copies bytes that are there even when empty.
func (c *Copier) Present(b []byte) []byte {
	c.bound += len(b)
	return append(make([]byte, 0, len(b)), b...)
}

// Unknown copies fields that this build does not know.
func (c *Copier) Unknown(to, from proto.Message) {
	if u := from.ProtoReflect().GetUnknown(); len(u) > 0 {
		to.ProtoReflect().SetUnknown(c.Present(u))
	}
}

// Encode copies through the wire format, for messages that have no generated copy.
func (c *Copier) Encode(to, from proto.Message) {
	b, err := proto.Marshal(from)
	if err == nil {
		err = proto.Unmarshal(b, to)
	}
	c.bound += len(b)
	c.invalid = c.invalid || err != nil
}

// Errors of messages that cannot cross.
var (
	errInvalidText = errors.New("a string is not UTF-8")
	errTooLarge    = errors.New("message over the limit")
)

// checkEncodable says why the copied message could not have been encoded, nil if it
// could.
func (c *Copier) checkEncodable(from any) error {
	if c.invalid {
		return errInvalidText
	}
	if m, ok := from.(proto.Message); ok && c.bound > MaxMessage && proto.Size(m) > MaxMessage {
		return errTooLarge
	}
	return nil
}

// requestFault is the error for a request that cannot cross.
func requestFault(err error) *fault.Error {
	if errors.Is(err, errTooLarge) {
		return fault.New(fault.ResourceExhausted, reasonTooLarge, "").Because(err)
	}
	return fault.New(fault.InvalidArgument, reasonInvalid, "").Because(err)
}

// responseFault is the callee's error when its response cannot cross: too large is
// the caller's to know, as it may ask for less; the rest is the callee's to mend.
func responseFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errTooLarge):
		return fault.New(fault.ResourceExhausted, reasonTooLarge, "").Because(err)
	default:
		return fault.New(fault.Internal, reasonInvalid, "").Because(err)
	}
}
