// Package provider is the port to those who hold the money. Whatever company is behind
// it, three rules hold: a key stands for one charge or one refund however often it is
// sent; an error means that nobody knows what happened; and news arrives at least once,
// in any order.
package provider

import (
	"context"
	"errors"
	"net/http"
)

// Status of a charge at the provider.
type Status string

// The states of a charge.
const (
	Unknown  Status = "unknown" // the provider has never heard of the key
	Pending  Status = "pending"
	Captured Status = "captured"
	Declined Status = "declined"
)

// ChargeRequest asks for money.
type ChargeRequest struct {
	Key      string // the payment's id
	Method   string
	Amount   int64 // minor units
	Currency string
	Email    string
}

// Charge is what the provider says of one.
type Charge struct {
	Key      string
	Status   Status
	Amount   int64 // captured, in minor units
	Currency string
	Reason   string // why it was declined, a token
}

// RefundRequest asks to give back a part of a charge.
type RefundRequest struct {
	Key      string // the refund's id
	Charge   string // the charge's key
	Amount   int64
	Currency string
}

// Event is news of a charge.
type Event struct {
	ID     string // the provider's, the same at each delivery
	Charge Charge
}

// Errors that a Port returns as verdicts; any other error leaves the outcome open.
var (
	// ErrRefused: the provider will never do it.
	ErrRefused = errors.New("provider: refused")
	// ErrSignature: the news is not the provider's, or too old.
	ErrSignature = errors.New("provider: signature does not hold")
)

// Port is one provider.
type Port interface {
	// Name is the provider's, as in the path of its webhooks.
	Name() string
	// Methods lists the payment methods it takes. No two providers share one.
	Methods() []string
	// Charge asks for the whole amount. A declined charge is an answer, not an error.
	Charge(ctx context.Context, r ChargeRequest) (Charge, error)
	// Lookup tells what became of a charge; Status is Unknown when the provider never
	// heard of the key.
	Lookup(ctx context.Context, key string) (Charge, error)
	// Refund gives money back; nil when it is done. ErrRefused when it never will be.
	Refund(ctx context.Context, r RefundRequest) error
	// Verify checks that a webhook is the provider's: the signature over the very
	// bytes, and its age. ErrSignature.
	Verify(header http.Header, body []byte) error
	// Parse reads a verified webhook. Its error means that the body is not one of the
	// provider's.
	Parse(body []byte) (Event, error)
}
