package contact

import (
	"testing"

	"app/platform/database/dbtest"
)

// RowsKeepEverything fails for a field that has no column.
func RowsKeepEverything(t testing.TB) {
	t.Helper()
	dbtest.RoundTrip(t, newAccountRow, accountRow.toAccount)
	dbtest.RoundTrip(t, accountRow.toAccount, newAccountRow)
	dbtest.RoundTrip(t, newCustomerRow, customerRow.toCustomer)
	dbtest.RoundTrip(t, customerRow.toCustomer, newCustomerRow)
}
