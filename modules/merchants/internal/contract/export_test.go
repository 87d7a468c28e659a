package contract

// The conversions that tests fill and compare.
var (
	MemberMessage  = memberMessage
	ProfileMessage = profileMessage
)
