package rpc

import (
	"context"
	"errors"
)

// Edge is one caller's way to one module.
type Edge struct{}

// Call is one method of an edge.
type Call[Req, Resp any] struct{ edge *Edge }

// NewCall is called by generated code.
func NewCall[Req, Resp any](e *Edge, method int, request func(c *Copier, to, from *Req), response func(c *Copier, to, from *Resp)) *Call[Req, Resp] {
	return &Call[Req, Resp]{edge: e}
}

// Do makes the call.
func (c *Call[Req, Resp]) Do(ctx context.Context, in *Req) (*Resp, error) {
	return nil, errors.New("not yet")
}

// NewEndpoint is called by generated code.
func NewEndpoint[Req, Resp any](fn func(context.Context, *Req) (*Resp, error)) Endpoint {
	return Endpoint{local: fn}
}
