package service

import (
	"cmp"
	"context"
	"slices"

	"app/modules/emails/internal/store"
	"app/modules/orders/ordersevents"
	"app/modules/payments/paymentsevents"
	"app/platform/database"
	"app/platform/emailaddr"
	"app/platform/events"
	"app/platform/money"
	"app/platform/money/moneyv1"
)

// Paid queues the receipt, and remembers whom the order's merchants may write to.
func (s *Service) Paid(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Paid]) error {
	o := e.Body.GetOrder()
	own, err := s.isVerifiedBuyerAddress(ctx, tx, o.GetBuyerId(), o.GetEmail())
	if err != nil {
		return err
	}
	if err := s.rememberCustomers(ctx, tx, e, own); err != nil {
		return err
	}
	var lines []map[string]any
	for _, l := range o.GetLines() {
		lines = append(lines, map[string]any{
			"title": l.GetTitle(), "quantity": l.GetQuantity(), "price": formatMoney(l.GetPrice()), "total": formatMoney(l.GetTotal()),
		})
	}
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "receipt", recipient: o.GetEmail(), locale: o.GetLocale(), free: own, data: map[string]any{
		"order_id": o.GetId(), "lines": lines, "total": formatMoney(o.GetTotal()),
	}})
}

func (s *Service) rememberCustomers(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Paid], own bool) error {
	o := e.Body.GetOrder()
	var merchants []string
	for _, l := range o.GetLines() {
		merchants = append(merchants, l.GetMerchantId())
	}
	slices.Sort(merchants) // rows are locked in this order
	for _, m := range slices.Compact(merchants) {
		if m == "" {
			continue
		}
		err := store.InsertCustomer(ctx, tx, store.Customer{
			OrderID: o.GetId(), MerchantID: m, Recipient: o.GetEmail(), Locale: o.GetLocale(), Own: own, PaidAt: e.OccurredAt,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// cancelReasons are the reasons as the phrases of the e-mails know them.
var cancelReasons = map[ordersevents.CancelReason]string{
	ordersevents.CancelReason_CANCEL_REASON_BY_BUYER:        "by_buyer",
	ordersevents.CancelReason_CANCEL_REASON_BY_MERCHANT:     "by_merchant",
	ordersevents.CancelReason_CANCEL_REASON_PAYMENT_FAILED:  "payment_failed",
	ordersevents.CancelReason_CANCEL_REASON_PAYMENT_TIMEOUT: "payment_timeout",
	ordersevents.CancelReason_CANCEL_REASON_STOCK_SHORT:     "stock_short",
}

// Cancelled queues the notice that an order will not be served. Of an order that was
// never paid only a buyer hears who was signed in and gave an address of their own: a
// guest can give anybody's, as often as a card is declined, and learns of it from the
// reply.
func (s *Service) Cancelled(ctx context.Context, tx *database.Tx, e events.Event[*ordersevents.Cancelled]) error {
	o := e.Body.GetOrder()
	own, err := s.isVerifiedBuyerAddress(ctx, tx, o.GetBuyerId(), o.GetEmail())
	if err != nil {
		return err
	}
	letter := order{template: "order_cancelled", recipient: o.GetEmail(), locale: o.GetLocale(), free: own, data: map[string]any{
		"order_id": o.GetId(), "reason": cmp.Or(cancelReasons[e.Body.GetReason()], "other"), "total": formatMoney(o.GetTotal()), "was_paid": e.Body.GetWasPaid(),
	}}
	if !e.Body.GetWasPaid() && !own {
		return s.withholdEmail(ctx, tx, letter, unpaid)
	}
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, letter)
}

// Refunded queues the notice that money is on its way back.
func (s *Service) Refunded(ctx context.Context, tx *database.Tx, e events.Event[*paymentsevents.Refunded]) error {
	own, err := store.OwnOrder(ctx, tx, e.Body.GetOrderId())
	if err != nil {
		return err
	}
	return s.queueEmailForEvent(ctx, tx, e.Envelope, e.Body, order{template: "refund_issued", recipient: e.Body.GetEmail(), free: own, data: map[string]any{
		"order_id": e.Body.GetOrderId(), "amount": formatMoney(e.Body.GetAmount()), "full": e.Body.GetFull(),
	}})
}

// isVerifiedBuyerAddress reports whether an order's e-mails go to the address that the
// buyer's account has shown to be its own.
func (s *Service) isVerifiedBuyerAddress(ctx context.Context, tx *database.Tx, buyerID, address string) (bool, error) {
	parsed, err := emailaddr.Parse(address)
	if buyerID == "" || err != nil {
		return false, nil //nolint:nilerr // what is no address is nobody's; the letter itself will fail for it
	}
	return store.OwnAddress(ctx, tx, buyerID, parsed.Key())
}

func formatMoney(m *moneyv1.Money) string {
	return money.Money{Amount: m.GetAmount(), Currency: m.GetCurrency()}.String()
}
