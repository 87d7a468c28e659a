package notification

import (
	"cmp"
	"context"
	"slices"

	"app/modules/emails/internal/contact"
	"app/modules/emails/internal/email"
	"app/modules/emails/internal/withheld"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsevents"
	"app/platform/database"
	"app/platform/events"
)

// Paid queues the receipt, and remembers whom the order's merchants may write to.
func (s *Service) Paid(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Paid]) error {
	o := e.Body.GetOrder()
	own, err := contact.IsOwn(ctx, tx, o.GetBuyerId(), o.GetEmail())
	if err != nil {
		return err
	}
	if err := contact.RememberCustomers(ctx, tx, customersOf(e, own)...); err != nil {
		return err
	}
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "receipt", Recipient: o.GetEmail(), Locale: o.GetLocale(), Uncounted: own, Data: receiptData(o),
	})
}

// customersOf lists the buyer as a customer of each merchant of the order, in the order
// of the merchants.
func customersOf(e events.Event[*ordersevents.Paid], own bool) (customers []contact.Customer) {
	o := e.Body.GetOrder()
	var merchants []string
	for _, l := range o.GetLines() {
		merchants = append(merchants, l.GetMerchantId())
	}
	slices.Sort(merchants)
	for _, m := range slices.Compact(merchants) {
		if m != "" {
			customers = append(customers, contact.Customer{
				OrderID: o.GetId(), MerchantID: m, Recipient: o.GetEmail(), Locale: o.GetLocale(), Own: own, PaidAt: e.OccurredAt,
			})
		}
	}
	return customers
}

// Cancelled queues the notice that an order will not be served. Of an order that was
// never paid only a buyer learns who was signed in and gave an address of their own: a
// guest can give anybody's, as often as a card is declined, and learns of it from the
// reply.
func (s *Service) Cancelled(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Cancelled]) error {
	o := e.Body.GetOrder()
	own, err := contact.IsOwn(ctx, tx, o.GetBuyerId(), o.GetEmail())
	if err != nil {
		return err
	}
	draft := email.Draft{Template: "order_cancelled", Recipient: o.GetEmail(), Locale: o.GetLocale(), Uncounted: own, Data: map[string]any{
		"order_id": o.GetId(), "reason": cmp.Or(cancelReasons[e.Body.GetReason()], "other"),
		"total": formatMoney(o.GetTotal()), "was_paid": e.Body.GetWasPaid(),
	}}
	if !e.Body.GetWasPaid() && !own {
		return s.Withheld.Count(ctx, tx, draft.Recipient, draft.Template, withheld.Unpaid)
	}
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, draft)
}

// Refunded queues the notice that money is on its way back.
func (s *Service) Refunded(ctx context.Context, tx *database.Tx, e events.Event[*paymentsevents.Refunded]) error {
	own, err := contact.IsOwnOrder(ctx, tx, e.Body.GetOrderId())
	if err != nil {
		return err
	}
	return s.queueForEvent(ctx, tx, e.Envelope, e.Body, email.Draft{
		Template: "refund_issued", Recipient: e.Body.GetEmail(), Uncounted: own, Data: map[string]any{
			"order_id": e.Body.GetOrderId(), "amount": formatMoney(e.Body.GetAmount()), "full": e.Body.GetFull(),
		},
	})
}
