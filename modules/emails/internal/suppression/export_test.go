package suppression

// What the tests of rows and of wire forms compare.
var (
	RowOf         = rowOf
	SuppressionOf = suppressionRow.suppression
	WireOf        = wireOf
)
