package email

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"app/platform/database/dbtest"
)

// What the tests put into the queue, and leave behind in it.
var (
	InsertEmail = insertEmail
	ClaimDue    = claimDue
	MarkOffered = markOffered
)

// What the tests of the domain and of the wire form compare.
var (
	StatusAfter = Status.statusAfter
	WireOf      = renderEmail
)

// RowsKeepEverything fails for a field that has no column. The data has a row of its
// own.
func RowsKeepEverything(t testing.TB) {
	t.Helper()
	back := func(r emailRow) Email { return r.toEmail("") }
	dbtest.RoundTrip(t, newEmailRow, back, cmpopts.IgnoreFields(Email{}, "Data"))
	dbtest.RoundTrip(t, back, newEmailRow)
}
