package payment

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/platform/database/dbtest"
)

// RowsKeepEverything fails for a field that has no column.
func RowsKeepEverything(t testing.TB) {
	t.Helper()
	dbtest.RoundTrip(t, newPaymentRow, paymentRow.toPayment, cmpopts.IgnoreFields(Payment{}, "Shares"))
	dbtest.RoundTrip(t, paymentRow.toPayment, newPaymentRow)
	there := func(s Share) shareRow { return newShareRow("pay", s) }
	dbtest.RoundTrip(t, there, shareRow.toShare)
	dbtest.RoundTrip(t, shareRow.toShare, there, cmpopts.IgnoreFields(shareRow{}, "PaymentID"))
}
