package order_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"app/modules/orders/internal/order"
	"app/modules/orders/ordersevents"
	"app/platform/money"
)

// A reason is one word in the tables, in answers and in events, and has a text.
func TestReasonsOfACancellation(t *testing.T) {
	t.Parallel()
	for number, name := range ordersevents.CancelReason_name {
		reason := order.CancelReason(strings.ToLower(strings.TrimPrefix(name, "CANCEL_REASON_")))
		if number == 0 {
			reason = ""
		}
		if (order.CancelTexts[reason] == "") != (number == 0) {
			t.Errorf("%q has the text %q", reason, order.CancelTexts[reason])
		}
		if got := order.EventReasons[reason]; int32(got) != number {
			t.Errorf("%q is the event's %s, want %s", reason, got, name)
		}
	}
	if len(order.CancelTexts) != len(order.EventReasons) {
		t.Errorf("%d texts of %d reasons", len(order.CancelTexts), len(order.EventReasons))
	}
}

// Words are made of codes when an order is read, and a sentence of an earlier release
// is passed on as it is.
func TestTimelineInWords(t *testing.T) {
	t.Parallel()
	body := order.BodyOf(order.View{Order: order.Order{Total: money.Money{Currency: "JPY"}, Timeline: []order.Entry{
		{Event: order.EventPlaced, Amount: 1200},
		{Event: order.EventPlaced, Sentence: "12.00 EUR"},
		{Event: order.EventRefundIssued, Amount: 400, Sentence: "4.00 EUR"},
		{Event: order.EventCancelled, Reason: order.CancelledStockShort},
		{Event: order.EventCancelled, Sentence: "by the buyer"},
		{Event: order.EventPaid},
	}}})
	var got []string
	for _, e := range body.Timeline {
		amount := "none"
		if e.Amount != nil {
			amount = e.Amount.String()
		}
		got = append(got, strings.Join([]string{string(e.Event), string(e.Reason), amount, e.Detail}, "|"))
	}
	want := []string{
		"placed||1200 JPY|1200 JPY",
		"placed||none|12.00 EUR",
		"refund_issued||400 JPY|4.00 EUR",
		"cancelled|stock_short|none|the goods were gone when the payment came",
		"cancelled||none|by the buyer",
		"paid||0 JPY|0 JPY",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
