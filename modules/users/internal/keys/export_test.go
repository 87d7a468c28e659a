package keys

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newKeyRow, keyRow.toKey
)
