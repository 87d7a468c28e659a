package store

import "app/platform/database"

// Statement is the SQL of Orders.
func (f Filter) Statement(on database.Engine) (string, []any) { return f.listQuery(on) }

// The conversions between rows and what they stand for.
var (
	RowOfCart, CartOfRow         = rowOfCart, cartOfRow
	RowOfCartLine, CartLineOfRow = rowOfCartLine, cartLineOfRow
	RowOfOrder, OrderOfRow       = rowOfOrder, orderOfRow
	RowOfLine, LineOfRow         = rowOfLine, lineOfRow
	RowOfEntry, EntryOfRow       = rowOfEntry, entryOfRow
)

// The rows.
type (
	CartLineRow = cartLineRow
	LineRow     = lineRow
	EntryRow    = entryRow
)
