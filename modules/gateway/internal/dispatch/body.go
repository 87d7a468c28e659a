package dispatch

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"app/platform/httpserver"
)

// body is a client's, and remembers why it could not be read. The transport reads it in a goroutine of its own.
type body struct {
	io.ReadCloser

	err atomic.Pointer[error]
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err.Store(&err)
	}
	return n, err //nolint:wrapcheck // the transport compares
}

// wrong is what to tell the client of its body, nil when nothing was wrong with it.
func (b *body) wrong(ctx context.Context) error {
	if b == nil {
		return nil
	}
	if err := b.err.Load(); err != nil {
		return httpserver.BodyError(ctx, *err)
	}
	return nil
}
