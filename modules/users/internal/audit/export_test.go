package audit

// What tests compare with the wire.
var RenderRecord = renderRecord

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newRecordRow, recordRow.toRecord
)
