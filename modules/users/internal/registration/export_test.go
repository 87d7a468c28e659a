package registration

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newCodeRow, codeRow.toCode
)

// Row is what tests name the fields of.
type Row = codeRow
