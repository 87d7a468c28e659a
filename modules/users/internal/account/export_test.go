package account

// What tests compare with the wire.
var RenderUser = renderUser

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newAccountRow, accountRow.toAccount
)
