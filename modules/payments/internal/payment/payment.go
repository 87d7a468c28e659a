// Package payment takes the money of orders, each capture once. Refunds change a
// payment through it, and webhooks bring it news.
//
// Three rules keep the money right:
//   - a provider is never called while a transaction is open: what is about to be asked
//     is a row first, what came of it is a row after, and a crash in between is settled
//     by asking the provider, under the same key;
//   - captured, refunding and refunded only change under the payment's lock, and the
//     schema bounds them;
//   - the provider's answer, its webhooks and looking a charge up all end in one
//     function, ApplyCharge, which makes each transition once.
package payment

import (
	"time"

	"app/platform/money"
)

// Status is where a payment is in its life.
type Status string

// The states of a payment.
const (
	Pending   Status = "pending"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Refunded  Status = "refunded"
)

// Reasons of a failed payment that are not the provider's.
const (
	reasonExpired   = "expired"
	reasonCancelled = "order_cancelled"
)

// Attempt is what is known of the charge asked of the provider.
type Attempt string

// The states of an attempt.
const (
	AttemptNone    Attempt = "none"    // never asked, and never to be
	AttemptSending Attempt = "sending" // asked, the answer is not recorded yet
	AttemptUnknown Attempt = "unknown" // asked, the answer was lost
	AttemptDone    Attempt = "done"    // the provider has it
)

// Payment is the money of one order. Amounts are in minor units of its currency.
type Payment struct {
	ID          string
	OrderID     string
	Status      Status
	Reason      string // why it failed, a token
	Currency    string
	Amount      int64
	Captured    int64
	Refunding   int64 // what refunds under way will take
	Refunded    int64 // what the provider has given back
	Provider    string
	Method      string
	Email       string
	Locale      string // language of e-mails, a BCP 47 tag; empty where it is not known
	BuyerID     string
	TokenHash   string
	ExpiresAt   time.Time
	CancelledAt time.Time // when the order was cancelled, zero while it was not
	Attempt     Attempt
	Tries       int64     // of the reconciler
	DueAt       time.Time // when the reconciler looks at it, zero when it need not
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Shares      []Share
}

// Share is the part of a payment that is for one merchant's lines.
type Share struct {
	MerchantID string
	Amount     int64
	Refunded   int64 // by the merchant, done or under way
}

// Money gives an amount the payment's currency.
func (p *Payment) Money(amount int64) money.Money {
	return money.Money{Amount: amount, Currency: p.Currency}
}

// Left is what could still be refunded.
func (p *Payment) Left() int64 { return p.Captured - p.Refunded - p.Refunding }

// Cancelled reports whether its order was cancelled.
func (p *Payment) Cancelled() bool { return !p.CancelledAt.IsZero() }

// HasShare reports whether a merchant has a share in it.
func (p *Payment) HasShare(merchantID string) bool {
	for _, share := range p.Shares {
		if share.MerchantID == merchantID {
			return true
		}
	}
	return false
}

// BeginRefund counts an amount as under way; it must be at most what is left.
func (p *Payment) BeginRefund(amount int64, now time.Time) {
	p.Refunding, p.UpdatedAt = p.Refunding+amount, now
}

// CompleteRefund counts an amount under way as given back. Once nothing of the capture
// is left the payment is refunded, and full is true.
func (p *Payment) CompleteRefund(amount int64, now time.Time) (full bool) {
	p.Refunding, p.Refunded, p.UpdatedAt = p.Refunding-amount, p.Refunded+amount, now
	if full = p.Refunded == p.Captured; full {
		p.Status = Refunded
	}
	return full
}

// AbandonRefund frees an amount under way that will not be given back.
func (p *Payment) AbandonRefund(amount int64, now time.Time) {
	p.Refunding, p.UpdatedAt = p.Refunding-amount, now
}

// settleWithoutProvider decides a payment that no provider is asked about and reports
// whether it is one: an order that costs nothing is paid, and one whose time is over
// takes no money.
func (p *Payment) settleWithoutProvider() bool {
	switch {
	case p.Amount == 0:
		p.Status, p.Attempt, p.DueAt = Succeeded, AttemptNone, time.Time{}
	case !p.CreatedAt.Before(p.ExpiresAt):
		p.Status, p.Reason, p.Attempt, p.DueAt = Failed, reasonExpired, AttemptNone, time.Time{}
	default:
		return false
	}
	return true
}

// recordCapture notes that the provider has the money.
func (p *Payment) recordCapture(now time.Time) {
	p.Status, p.Captured, p.Attempt, p.DueAt, p.UpdatedAt = Succeeded, p.Amount, AttemptDone, time.Time{}, now
}

// recordFailure notes that there will be no money.
func (p *Payment) recordFailure(why string, now time.Time) {
	p.Status, p.Reason, p.Attempt, p.DueAt, p.UpdatedAt = Failed, why, AttemptDone, time.Time{}, now
}

// awaitWebhook notes that the provider has the charge and will send news of it; should
// they be lost, it is asked at the given time.
func (p *Payment) awaitWebhook(until, now time.Time) {
	p.Attempt, p.DueAt, p.UpdatedAt = AttemptDone, until, now
}

// loseAnswer notes that nobody knows what the provider did; it is asked at the given
// time.
func (p *Payment) loseAnswer(until, now time.Time) {
	p.Attempt, p.DueAt, p.UpdatedAt = AttemptUnknown, until, now
}

// sameAs reports whether a repeated Start asks for what the order has already.
func (p *Payment) sameAs(asked Payment) bool {
	return p.Amount == asked.Amount && p.Currency == asked.Currency
}
