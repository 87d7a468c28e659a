package code

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newRequestRow, requestRow.toRequest
)

// Row is what tests name the fields of.
type Row = requestRow
