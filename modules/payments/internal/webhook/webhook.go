// Package webhook takes news from payment providers: an event is stored, once, before it
// is acknowledged, and acted upon after, once, also when the process dies in between.
package webhook

import (
	"time"

	"app/platform/text"
)

// Webhook is one event that a provider has sent.
type Webhook struct {
	Provider    string
	EventID     string // the provider's
	Payload     []byte // as it was signed
	Tries       int64
	DueAt       time.Time // when it is processed, zero when it was
	Result      string    // what came of it, a token, or the last error
	ReceivedAt  time.Time
	ProcessedAt time.Time
}

// What comes of an event that was processed.
const (
	resultProcessed      = "processed"
	resultUnknownPayment = "unknown_payment"
)

// maxTries is when an event is left alone; what it would have said is found out by
// asking the provider.
const maxTries = 12

// nextTry is when an event that failed once more is tried again, zero when it is left
// alone.
func (w *Webhook) nextTry(after time.Time) time.Time {
	if w.Tries+1 >= maxTries {
		return time.Time{}
	}
	return after
}

// Processed reports whether it has had its effect.
func (w *Webhook) Processed() bool { return !w.ProcessedAt.IsZero() }

// maxResult bounds in bytes what is kept of an error; its column holds as many
// characters.
const maxResult = 255

// sanitizeError is what is kept of an error, which may quote what came from outside.
func sanitizeError(said string) string { return text.Cut(text.Valid(said), maxResult) }
