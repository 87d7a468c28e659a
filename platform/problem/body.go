package problem

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
)

// BodyTooLarge refuses a body that is longer than its operation accepts.
func BodyTooLarge() *Problem {
	return New(http.StatusRequestEntityTooLarge, "body_too_large", "The body is longer than this operation accepts.")
}

// BodyError makes of an error of reading a request's body what to answer, a problem for
// Write: it is the client's doing, or its going away.
func BodyError(ctx context.Context, err error) error {
	var network net.Error
	var cut *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &cut):
		return BodyTooLarge()
	case ctx.Err() != nil:
		return ctx.Err() // which says what it means
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &network) && network.Timeout():
		return New(http.StatusRequestTimeout, "body_timeout", "The body did not arrive in time.")
	}
	return New(http.StatusBadRequest, "body_unreadable", "The body could not be read to its end.")
}
