// Package order follows what was bought until it is paid, cancelled or refunded.
package order

import (
	"fmt"
	"slices"
	"time"

	"app/platform/money"
)

// Status is where an order is in its life.
type Status string

// The states of an order. The last two are final, except that money may still be given
// back.
const (
	PendingPayment Status = "pending_payment"
	Paid           Status = "paid"
	Cancelled      Status = "cancelled"
	Refunded       Status = "refunded"
)

// transitions are the only changes of an order's status. Whatever arrives in whatever
// order, nothing else happens to it.
var transitions = map[Status][]Status{
	PendingPayment: {Paid, Cancelled},
	Paid:           {Cancelled, Refunded},
}

// CanBecome reports whether an order may go from this status to the next.
func (s Status) CanBecome(next Status) bool { return slices.Contains(transitions[s], next) }

// PaymentStatus is what the order knows of its payment.
type PaymentStatus string

// The states of a payment. They only move forward.
const (
	PaymentPending   PaymentStatus = "pending"
	PaymentFailed    PaymentStatus = "failed"
	PaymentSucceeded PaymentStatus = "succeeded"
	PaymentRefunded  PaymentStatus = "refunded"
)

// Later is the more advanced of two states of a payment: news of it may come in any
// order.
func (s PaymentStatus) Later(other PaymentStatus) PaymentStatus {
	rank := []PaymentStatus{PaymentPending, PaymentFailed, PaymentSucceeded, PaymentRefunded}
	if slices.Index(rank, other) > slices.Index(rank, s) {
		return other
	}
	return s
}

// CancelReason is why an order was cancelled. It is stored, and told to clients.
type CancelReason string

// The reasons.
const (
	CancelledByBuyer       CancelReason = "by_buyer"
	CancelledByMerchant    CancelReason = "by_merchant"
	CancelledPaymentFailed CancelReason = "payment_failed"
	CancelledPaymentLate   CancelReason = "payment_timeout"
	CancelledStockShort    CancelReason = "stock_short"
)

// isUnpaid reports whether it is the payment that failed: the buyer may try another way
// to pay.
func (r CancelReason) isUnpaid() bool {
	return r == CancelledPaymentFailed || r == CancelledPaymentLate
}

// Order is what somebody bought, as it was sold.
type Order struct {
	ID            string
	CartID        string
	BuyerID       string
	TokenHash     string
	Email         string
	Locale        string // language of e-mails, a BCP 47 tag; empty where it is not known
	Status        Status
	Total         money.Money
	CheckoutKey   string // the idempotency key of the checkout that placed it; unique
	PaymentID     string
	PaymentMethod string
	PaymentStatus PaymentStatus
	ExpiresAt     time.Time // not paid by then, it is cancelled
	DueAt         time.Time // when the reconciler looks at it, zero when it need not
	Version       int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Lines         []Line
	Timeline      []Entry // oldest first
	// Refunded is what was given back of the parts of those merchants whom the order
	// was read for, by them, in minor units; 0 when it was read for nobody in
	// particular.
	Refunded int64
}

// Line is one product of an order.
type Line struct {
	ProductID  string
	MerchantID string
	Title      string
	SKU        string
	Quantity   int64
	Price      money.Money
	Total      money.Money
}

// Part is what one merchant's lines of an order come to.
type Part struct {
	MerchantID string
	Total      money.Money
}

// Parts sums the lines by merchant, in the order in which the merchants first occur.
func (o Order) Parts() []Part {
	var parts []Part
	at := map[string]int{}
	for _, l := range o.Lines {
		i, ok := at[l.MerchantID]
		if !ok {
			i = len(parts)
			at[l.MerchantID] = i
			parts = append(parts, Part{MerchantID: l.MerchantID, Total: money.Money{Currency: o.Total.Currency}})
		}
		parts[i].Total.Amount += l.Total.Amount // cannot overflow: the total of all lines did not
	}
	return parts
}

// IsExpired reports whether the time to pay the order is over.
func (o Order) IsExpired(now time.Time) bool { return !now.Before(o.ExpiresAt) }

// change is one thing that happens to an order: it moves the status or leaves it, and
// always makes a version and an entry of the timeline.
type change struct {
	to         Status
	payment    PaymentStatus
	event      Event
	reason     CancelReason
	amount     int64  // that was paid or given back, in minor units
	merchantID string // from whose part a refund was
}

// payment is the change of an order that is paid.
func (o Order) payment() change {
	return change{to: Paid, payment: PaymentSucceeded, event: EventPaid, amount: o.Total.Amount}
}

// cancellation is the change of an order that will not be served.
func cancellation(payment PaymentStatus, why CancelReason) change {
	return change{to: Cancelled, payment: payment, event: EventCancelled, reason: why}
}

// refund is the change of an order of which money went back, from a merchant's part or,
// without a merchant, from the shop. With all of a paid order the order is refunded.
func (o Order) refund(amount money.Money, merchantID string, full bool) change {
	c := change{
		to: o.Status, payment: PaymentSucceeded, event: EventRefundIssued,
		amount: amount.Amount, merchantID: merchantID,
	}
	if full {
		c.payment = PaymentRefunded
	}
	if full && o.Status == Paid {
		c.to, c.event = Refunded, EventRefunded
	}
	return c
}

// applyChange makes the change of an order. An order that waits for nothing any more is off the
// reconciler's list. The error is a change that is not among the transitions.
func applyChange(o *Order, c change, now time.Time) error {
	if c.to != o.Status && !o.Status.CanBecome(c.to) {
		return fmt.Errorf("order %s cannot go from %s to %s", o.ID, o.Status, c.to)
	}
	o.Status, o.PaymentStatus, o.UpdatedAt = c.to, o.PaymentStatus.Later(c.payment), now
	if o.Status != PendingPayment {
		o.DueAt = time.Time{}
	}
	o.Version++
	o.Timeline = append(o.Timeline, Entry{
		Version: o.Version, At: now, Event: c.event, Reason: c.reason, Amount: c.amount, MerchantID: c.merchantID,
	})
	return nil
}
