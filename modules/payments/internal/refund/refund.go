// Package refund gives money back. A refund is a row that is counted against what was
// captured before anybody is asked, and a worker sends it under its id: asked twice,
// the provider gives back once.
package refund

import (
	"time"

	"app/modules/payments/internal/reason"
	"app/platform/fault"
	"app/platform/money"
	"app/platform/text"
)

// State is where a refund is on its way.
type State string

// The states of a refund.
const (
	Queued  State = "queued"  // to be asked of the provider
	Sending State = "sending" // asked, the answer is not recorded yet
	Unknown State = "unknown" // asked, the answer was lost: it is asked again under the same key
	Done    State = "done"
	Failed  State = "failed" // refused by the provider
)

// Refund is money on its way back. Its id is the key the provider knows it by.
type Refund struct {
	ID         string
	PaymentID  string
	MerchantID string // whose share it is from, empty for refunds of the shop itself
	Amount     money.Money
	Reason     string
	State      State
	Tries      int64
	DueAt      time.Time // when a worker asks the provider, zero when it need not
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Over reports whether nothing more will become of it.
func (r *Refund) Over() bool { return r.State == Done || r.State == Failed }

// finishAs ends it as done or failed.
func (r *Refund) finishAs(as State, now time.Time) {
	r.State, r.DueAt, r.UpdatedAt = as, time.Time{}, now
}

// loseAnswer notes that nobody knows what the provider did; it is asked again at the
// given time.
func (r *Refund) loseAnswer(until, now time.Time) {
	r.State, r.DueAt, r.UpdatedAt = Unknown, until, now
}

// Request asks to give money back.
type Request struct {
	PaymentID string
	// Amount is all that is left when it is nil: of the merchant's share, or of the
	// payment for an administrator.
	Amount *money.Money
	// MerchantID says from whose share. It may be empty for a caller who manages one
	// merchant with a share only, and for an administrator, who then takes it from the
	// payment as a whole.
	MerchantID string
	Reason     string
}

// maxReason bounds the characters of a refund's reason.
const maxReason = 250

// validateFor checks what can be wrong with a refund of a payment in a currency, and
// cleans the reason.
func (in *Request) validateFor(currency string) error {
	switch {
	case in.Amount != nil && in.Amount.Amount <= 0:
		return fault.Invalid(fault.Field{Pointer: "/amount/amount", Detail: "must be positive"})
	case in.Amount != nil && in.Amount.Currency != currency:
		return fault.Invalid(fault.Field{Pointer: "/amount/currency", Detail: "must be " + currency})
	}
	why, err := text.Line(in.Reason, 0, maxReason)
	if err != nil {
		return fault.Invalid(fault.Field{Pointer: "/reason", Detail: err.Error()})
	}
	in.Reason = why
	return nil
}

// amountOf is how much the request gives back of what is left, in minor units.
// refund_exceeds_capture when that is nothing, or less than it asks for.
func (in *Request) amountOf(left int64) (int64, error) {
	amount := left
	if in.Amount != nil {
		amount = in.Amount.Amount
	}
	if amount == 0 || amount > left {
		return 0, reason.RefundExceedsCapture.New()
	}
	return amount, nil
}
