package withheld

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/platform/database/dbtest"
)

// RowsKeepEverything fails for a field that has no column. The day is that of LastAt.
func RowsKeepEverything(t testing.TB) {
	t.Helper()
	dbtest.RoundTrip(t, newWithheldRow, withheldRow.toWithheld)
	dbtest.RoundTrip(t, withheldRow.toWithheld, newWithheldRow, cmpopts.IgnoreFields(withheldRow{}, "Day"))
}
