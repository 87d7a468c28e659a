package rest

// What replies are made of.
var (
	RenderMerchant   = renderMerchant
	RenderMember     = renderMember
	RenderInvitation = renderInvitation
)
