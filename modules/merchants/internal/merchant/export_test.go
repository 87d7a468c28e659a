package merchant

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newMerchantRow, merchantRow.toMerchant
	RenderView     = renderView
)
