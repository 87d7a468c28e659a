package stock

// What the tests of rows and of wire forms compare, and what they call below the
// service.
var (
	RowOf         = stockRowOf
	MovementRowOf = movementRowOf
	NewBody       = newBody
	AdjustOnHand  = adjustOnHand
	Read          = readStock
)
