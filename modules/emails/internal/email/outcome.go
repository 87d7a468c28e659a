package email

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// outcome is what became of a claimed e-mail.
type outcome struct {
	EmailID     string
	Status      Status // Sent, Failed, Unknown, or Queued to try again
	Failure     Failure
	Transport   string
	TransportID string
	Error       string
	DueAt       time.Time // for Queued
	Untried     bool      // the attempt does not count: it says nothing of this e-mail
	Erase       bool      // what the e-mail says, unless it is queued again
}

// label is the outcome in the metrics: why it has failed, where it has.
func (o outcome) label() string {
	if o.Failure != "" {
		return string(o.Failure)
	}
	return string(o.Status)
}

// First and longest pause before an e-mail is tried again.
const (
	firstPause   = 2 * time.Second
	longestPause = time.Hour
)

// retryDelay grows with the attempts and is spread by a fifth, so that e-mails which
// failed together do not come back together.
func retryDelay(attempts int) time.Duration {
	d := longestPause
	if attempts < 12 {
		d = min(firstPause<<max(attempts-1, 0), longestPause)
	}
	return d - time.Duration(rand.Int64N(int64(d)/5)) //nolint:gosec // spreading load needs no secrecy
}

// outcomeOfSend turns what the transport said into an outcome; o holds what is known
// before it is asked.
func (s *Service) outcomeOfSend(ctx context.Context, e Email, o outcome, err error) outcome {
	if err == nil {
		s.unblockTransport()
		return o
	}
	o.Error = err.Error()
	switch {
	case errors.Is(err, ErrLost) && !s.Transport.Repeatable():
		o.Status = Unknown
	case errors.Is(err, ErrBlocked):
		o.Status, o.DueAt, o.Untried = Queued, s.Now().Add(s.blockTransport()), true
	case errors.Is(err, ErrThrottled):
		o.Status, o.DueAt, o.Untried = Queued, s.Now().Add(retryDelay(1)), true
	case errors.Is(err, ErrRejected):
		o.Status, o.Failure = Failed, Rejected
	case e.Attempts >= s.Attempts:
		o.Status, o.Failure = Failed, Exhausted
	default:
		o.Status, o.DueAt = Queued, s.Now().Add(retryDelay(e.Attempts))
	}
	s.Logger.WarnContext(ctx, "e-mail was not sent", "letter", e.ID, "template", e.Template, "attempt", e.Attempts, "now", o.Status, "error", err)
	return o
}
