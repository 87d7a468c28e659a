package service

import (
	"slices"

	"app/modules/orders/internal/store"
	"app/platform/money"
)

// seenBy leaves of an order what is for the given merchants, as though their lines were
// the whole order:
//
//  1. the lines are theirs, and the total is the sum of these;
//  2. the timeline names this total where it names the order's, and has of the refunds
//     what was given back of their part;
//  3. once all of their part is given back, by them or by the shop, the order is
//     refunded and so is its payment.
//
// o.Refunded is what the merchants have given back. Of what the shop gave back without
// naming a merchant nothing is theirs until everything has gone back.
func seenBy(o store.Order, merchants []string) View {
	lines, total := []store.Line(nil), money.Money{Currency: o.Total.Currency}
	for _, l := range o.Lines {
		if slices.Contains(merchants, l.MerchantID) {
			lines = append(lines, l)
			total.Amount += l.Total.Amount
		}
	}
	if len(lines) == len(o.Lines) {
		return View{Order: o, Merchant: true}
	}
	whole := o.PaymentStatus == store.PaymentRefunded
	o.Timeline = partOf(o.Timeline, merchants, total, whole)
	o.Lines, o.Total = lines, total
	if total.Amount > 0 && (whole || o.Refunded >= total.Amount) {
		o.PaymentStatus = laterPaymentStatus(o.PaymentStatus, store.PaymentRefunded)
		if Allowed(o.Status, store.Refunded) {
			o.Status = store.Refunded
		}
	}
	return View{Order: o, Merchant: true}
}

// partOf is the timeline of a part of an order. whole reports that all that was paid
// has gone back, with the last refund.
func partOf(entries []store.Entry, merchants []string, total money.Money, whole bool) (out []store.Entry) {
	last := -1 // where the last refund is
	for i, e := range entries {
		if isRefund(e) {
			last = i
		}
	}
	left := total.Amount
	for i, e := range entries {
		switch {
		case e.Event == "placed" || e.Event == "paid":
			e.Detail = total.String()
		case isRefund(e):
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
			e = partRefund(e, money.Money{Amount: back, Currency: total.Currency}, left == 0)
		}
		out = append(out, e)
	}
	return out
}

func isRefund(e store.Entry) bool { return e.Event == "refund_issued" || e.Event == "refunded" }

// partRefund is a refund as the part sees it that it is of; all reports that nothing is
// left of the part.
func partRefund(e store.Entry, back money.Money, all bool) store.Entry {
	e.Detail, e.Event = back.String(), "refund_issued"
	if all {
		e.Event = "refunded"
	}
	return e
}
