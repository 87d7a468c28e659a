package session

// What tests compare with the wire.
var RenderSession = renderSession

// Row is what tests name the fields of.
type Row = sessionRow

// The conversions that tests fill and compare.
var (
	RowOf, FromRow               = newSessionRow, sessionRow.toSession
	RefreshRowOf, FromRefreshRow = newRefreshRow, refreshRow.toRefreshToken
	CookieRowOf, FromCookieRow   = newCookieRow, cookieRow.toCookie
)
