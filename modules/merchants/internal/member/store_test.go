package member_test

import (
	"testing"

	"app/modules/merchants/internal/member"
	"app/modules/merchants/merchantsv1"
	"app/platform/database/dbtest"
)

// What has a field that its row does not keep, or the other way round, fails here.
func TestRowsKeepEveryField(t *testing.T) {
	t.Parallel()
	dbtest.RoundTrip(t, member.RowOf, member.FromRow)
	dbtest.RoundTrip(t, member.FromRow, member.RowOf)
}

// A field that nothing is put into is one that was forgotten. A member has no fields of
// invitations.
func TestBodyHasEveryField(t *testing.T) {
	t.Parallel()
	e := dbtest.Filled[member.Entry](t)
	e.Role = merchantsv1.Role_ROLE_OWNER
	dbtest.WantFilled(t, member.BodyOf(e))
	dbtest.WantFilled(t, dbtest.Filled[member.Member](t).Entry(), "InvitationID", "Email", "InvitedBy", "ExpiresAt")
}
