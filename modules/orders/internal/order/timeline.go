package order

import (
	"slices"
	"time"

	"app/platform/money"
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

// Entry is one thing that happened to an order.
type Entry struct {
	Version int64 // of the order after it
	At      time.Time
	Event   Event
	Detail  string
	// MerchantID is from whose part a refund was, empty for what concerns the whole
	// order.
	MerchantID string
	// Amount is what a refund gave back, in minor units; 0 for other entries, and for
	// refunds that an earlier release noted.
	Amount int64
}

// timelineOfPart is the timeline of a part of an order. whole reports that all that was
// paid has gone back, with the last refund.
func timelineOfPart(entries []Entry, merchants []string, total money.Money, whole bool) (out []Entry) {
	last := -1 // where the last refund is
	for i, e := range entries {
		if e.Event.isRefund() {
			last = i
		}
	}
	left := total.Amount
	for i, e := range entries {
		switch {
		case e.Event == EventPlaced || e.Event == EventPaid:
			e.Detail = total.String()
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
			e = refundOfPart(e, money.Money{Amount: back, Currency: total.Currency}, left == 0)
		}
		out = append(out, e)
	}
	return out
}

// refundOfPart is a refund as the part sees it that it is of; all reports that nothing
// is left of the part.
func refundOfPart(e Entry, back money.Money, all bool) Entry {
	e.Detail, e.Event = back.String(), EventRefundIssued
	if all {
		e.Event = EventRefunded
	}
	return e
}
