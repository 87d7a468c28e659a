package invitation_test

import (
	"testing"

	"app/modules/merchants/internal/invitation"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, invitation.RowOf, invitation.FromRow)
	dbtest.RoundTrip(t, invitation.FromRow, invitation.RowOf)
}

// A field that nothing is put into is one that was forgotten. Nobody is a user of the
// shop for being invited.
func TestEntryHasEveryField(t *testing.T) {
	t.Parallel()
	dbtest.WantFilled(t, dbtest.Filled[invitation.Invitation](t).Entry(), "UserID")
}
