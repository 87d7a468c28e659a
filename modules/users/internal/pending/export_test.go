package pending

// The conversions that tests fill and compare.
var (
	RowOf, FromRow = newSignInRow, signInRow.toSignIn
)

// Row is what tests name the fields of.
type Row = signInRow
