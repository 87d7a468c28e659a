package email

import (
	"context"
	"errors"
	"time"
)

// Transport hands e-mails over to whoever delivers them.
type Transport interface {
	// Name is kept with each e-mail it took.
	Name() string
	// Repeatable reports whether an e-mail that is offered twice is delivered once.
	Repeatable() bool
	// Send hands one e-mail over and returns the transport's own id for it. Errors:
	// ErrRejected when the e-mail will never be taken; ErrLost when it is not known
	// whether it was taken; ErrThrottled and ErrBlocked when nothing was taken for a
	// reason that has nothing to do with the e-mail; any other when it was not taken
	// and may be tried again.
	Send(ctx context.Context, e Email) (id string, err error)
}

// Errors of a transport.
var (
	ErrRejected = errors.New("e-mail rejected")
	ErrLost     = errors.New("reply lost")
	// ErrThrottled: too many e-mails at a time. The transport itself goes slower from
	// now on.
	ErrThrottled = errors.New("too fast")
	// ErrBlocked: no e-mail would be taken now, because the other end is away, does not
	// know us, or has shut us out.
	ErrBlocked = errors.New("transport blocked")
)

// Pacer is a transport that takes so many e-mails in a time and no more.
type Pacer interface {
	// Reserve grants room for at most so many e-mails; when there is none, wait tells
	// when to ask again.
	Reserve(most int) (granted int, wait time.Duration)
	// Release gives back room that was granted and not used.
	Release(unused int)
}

// Checker is a transport that can tell beforehand whether the sender may send.
type Checker interface {
	// Check asks the other end. The error is for the operator.
	Check(ctx context.Context) error
}
