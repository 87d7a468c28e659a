package factor

// The conversions that tests fill and compare.
var (
	TOTPRowOf, FromTOTPRow       = newTOTPRow, totpRow.toTOTP
	PasskeyRowOf, FromPasskeyRow = newPasskeyRow, passkeyRow.toPasskey
)
