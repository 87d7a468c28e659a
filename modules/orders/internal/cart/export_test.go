package cart

// The conversions between rows, or bodies, and what they stand for.
var (
	RowOf, FromRow         = rowOf, fromRow
	RowOfLine, LineFromRow = rowOfLine, lineOfRow
	BodyOf                 = cartOf
)

// LineRow is a line as it is stored.
type LineRow = lineRow
