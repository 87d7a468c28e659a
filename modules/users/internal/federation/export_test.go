package federation

// What tests compare with the wire.
var RenderIdentity = renderIdentity

// The conversions that tests fill and compare.
var (
	IdentityRowOf, FromIdentityRow = newIdentityRow, identityRow.toIdentity
	StateRowOf, FromStateRow       = newStateRow, stateRow.toState
	LinkRowOf, FromLinkRow         = newLinkRow, linkRow.toLink
)

// The rows that tests name fields of.
type (
	StateRow = stateRow
	LinkRow  = linkRow
)
