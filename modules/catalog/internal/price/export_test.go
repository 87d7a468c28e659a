package price

// What the tests of rows and of wire forms compare.
var (
	RowOf   = formerRowOf
	NewBody = renderFormer
)

// FormerOf is the former price of a row.
func FormerOf(r formerRow) Former { return r.toFormer() }
