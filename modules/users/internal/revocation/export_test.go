package revocation

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newRevocationRow, revocationRow.toRevocation
)
