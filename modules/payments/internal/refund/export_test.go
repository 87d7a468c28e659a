package refund

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/platform/database/dbtest"
	"app/platform/money"
)

// CheckRequest is what a request for a refund has to pass.
func CheckRequest(in *Request) error { return in.validateFor("") }

// RowsKeepEverything fails for a field that has no column. The currency is the
// payment's.
func RowsKeepEverything(t testing.TB) {
	t.Helper()
	back := func(r refundRow) Refund { return r.toRefund("EUR") }
	dbtest.RoundTrip(t, newRefundRow, back, cmpopts.IgnoreFields(money.Money{}, "Currency"))
	dbtest.RoundTrip(t, back, newRefundRow)
}
