package invitation

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newInvitationRow, invitationRow.toInvitation
)
