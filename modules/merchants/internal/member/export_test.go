package member

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newMemberRow, memberRow.toMember
)
