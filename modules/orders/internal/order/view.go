package order

import (
	"slices"

	"app/platform/money"
)

// View is an order as somebody may see it.
type View struct {
	Order
	// Merchant reports that the order is seen by a merchant, who sees its own part
	// only: see Order.SeenBy.
	Merchant bool
}

// SeenBy leaves of an order what is for the given merchants, as though their lines were
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
func (o Order) SeenBy(merchants []string) View {
	lines, total := []Line(nil), money.Money{Currency: o.Total.Currency}
	for _, l := range o.Lines {
		if slices.Contains(merchants, l.MerchantID) {
			lines = append(lines, l)
			total.Amount += l.Total.Amount
		}
	}
	if len(lines) == len(o.Lines) {
		return View{Order: o, Merchant: true}
	}
	whole := o.PaymentStatus == PaymentRefunded
	o.Timeline = timelineOfPart(o.Timeline, merchants, total.Amount, whole)
	o.Lines, o.Total = lines, total
	if total.Amount > 0 && (whole || o.Refunded >= total.Amount) {
		o.PaymentStatus = o.PaymentStatus.Later(PaymentRefunded)
		if o.Status.CanBecome(Refunded) {
			o.Status = Refunded
		}
	}
	return View{Order: o, Merchant: true}
}
