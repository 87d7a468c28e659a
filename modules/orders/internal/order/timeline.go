package order

import (
	"slices"
	"time"
)

// Event names what happened to an order.
type Event string

// The events of a timeline. A refund of all that is left ends the order.
const (
	EventPlaced       Event = "placed"
	EventPaid         Event = "paid"
	EventCancelled    Event = "cancelled"
	EventRefundIssued Event = "refund_issued"
	EventRefunded     Event = "refunded"
)

func (e Event) isRefund() bool { return e == EventRefundIssued || e == EventRefunded }

// Entry is one thing that happened to an order, as codes with parameters: words for it
// are made where somebody reads it, in the reader's language (ADR 0029).
type Entry struct {
	Version int64 // of the order after it
	At      time.Time
	Event   Event
	Reason  CancelReason // of a cancellation
	// Amount is what was to pay, was paid or was given back, in minor units of the
	// order's currency; 0 for other entries.
	Amount int64
	// MerchantID is from whose part a refund was, empty for what concerns the whole
	// order.
	MerchantID string
	// Sentence is what an earlier release wrote instead of Reason and Amount, in
	// English; it may have an amount beside it.
	Sentence string
}

// hasAmount reports whether the amount of an entry is known: an earlier release may
// have left it to the sentence.
func (e Entry) hasAmount() bool {
	return e.Event != EventCancelled && (e.Sentence == "" || e.Amount != 0)
}

// withAmount is the entry with another amount, for whoever sees a part of the order.
func (e Entry) withAmount(amount int64) Entry {
	e.Amount, e.Sentence = amount, ""
	return e
}

// timelineOfPart is the timeline of a part of an order. whole reports that all that was
// paid has gone back, with the last refund.
func timelineOfPart(entries []Entry, merchants []string, total int64, whole bool) (out []Entry) {
	last := -1 // where the last refund is
	for i, e := range entries {
		if e.Event.isRefund() {
			last = i
		}
	}
	left := total
	for i, e := range entries {
		switch {
		case e.Event == EventPlaced || e.Event == EventPaid:
			e = e.withAmount(total)
		case e.Event.isRefund():
			back := e.Amount
			if !slices.Contains(merchants, e.MerchantID) {
				back = 0
			}
			if whole && i == last {
				back = left
			}
			if back = min(back, left); back == 0 {
				continue // of another part
			}
			left -= back
			e = refundOfPart(e, back, left == 0)
		}
		out = append(out, e)
	}
	return out
}

// refundOfPart is a refund as the part sees it that it is of; all reports that nothing
// is left of the part.
func refundOfPart(e Entry, back int64, all bool) Entry {
	e = e.withAmount(back)
	e.Event = EventRefundIssued
	if all {
		e.Event = EventRefunded
	}
	return e
}
