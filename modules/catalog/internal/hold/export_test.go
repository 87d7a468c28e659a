package hold

// What the tests of rows compare, and what they call below the service.
var (
	RowOf      = holdRowOf
	HoldOf     = holdRow.toHold
	LineRowOf  = lineRowOf
	LineOf     = lineRow.toLine
	InsertHold = insertHold
	ReadHold   = holdOf
	LapseHold  = lapseHold
)
