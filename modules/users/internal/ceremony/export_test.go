package ceremony

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newCeremonyRow, ceremonyRow.toCeremony
)

// Row is what tests name the fields of.
type Row = ceremonyRow
