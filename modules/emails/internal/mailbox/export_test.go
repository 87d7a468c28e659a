package mailbox

import (
	"testing"

	"app/platform/database/dbtest"
)

// WireOf is a mail in a reply.
var WireOf = mailOf

// RowsKeepEverything fails for a field that has no column.
func RowsKeepEverything(t testing.TB) {
	t.Helper()
	dbtest.RoundTrip(t, newMailRow, mailRow.toMail)
	dbtest.RoundTrip(t, mailRow.toMail, newMailRow)
}
