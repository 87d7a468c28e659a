package order

import "app/platform/database"

// Statement is the SQL of List.
func (f Filter) Statement(on database.Engine) (string, []any) { return f.listQuery(on) }

// The statements that tests run by themselves.
var (
	Insert = insert
	List   = list
)

// The conversions between rows, or bodies, and what they stand for.
var (
	RowOf, FromRow           = rowOfOrder, orderOfRow
	RowOfLine, LineFromRow   = rowOfLine, lineOfRow
	RowOfEntry, EntryFromRow = rowOfEntry, entryOfRow
	BodyOf                   = orderOf
	MessageOf                = eventOrder
)

// What is known of each reason of a cancellation.
var (
	CancelTexts  = cancelTexts
	EventReasons = eventReasons
)

// The rows.
type (
	LineRow  = lineRow
	EntryRow = entryRow
)
