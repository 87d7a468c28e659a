package store

import (
	"testing"

	"app/platform/database/dbtest"
)

// RowsKeepEverything fails for a field that has no column.
func RowsKeepEverything(t testing.TB) {
	t.Helper()
	dbtest.RoundTrip(t, newMerchantRow, merchantRow.toMerchant)
	dbtest.RoundTrip(t, merchantRow.toMerchant, newMerchantRow)
	dbtest.RoundTrip(t, newMemberRow, memberRow.toMember)
	dbtest.RoundTrip(t, memberRow.toMember, newMemberRow)
	dbtest.RoundTrip(t, newInvitationRow, invitationRow.toInvitation)
	dbtest.RoundTrip(t, invitationRow.toInvitation, newInvitationRow)
}
