// Package reason declares the public codes of the module, each once.
package reason

import (
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/fault"
	"app/platform/slug"
)

// Of opening a merchant account.
var (
	TooManyMerchants = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "too_many_merchants",
		Title: "Too many merchants",
		Help:  "One account opens a few merchants, and fewer that wait for approval. Ask the shop when you need more.",
	}
)

// Of members and of invitations.
var (
	LastOwner = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "last_owner", Detail: "A merchant needs an owner: make somebody else one first.",
		Title: "Last owner", Help: "A merchant needs an owner. Make somebody else one first.",
	}
	MemberNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "member_not_found", Detail: "There is no such member.",
		Title: "No such member", Help: "The user is not a member of the merchant.",
	}
	// MerchantPending refuses what reaches people outside before the merchant is
	// approved.
	MerchantPending = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "merchant_pending", Detail: "The merchant waits for approval. Until then it writes to nobody.",
		Title: "Merchant not approved",
		Help:  "The merchant waits for approval. Until then it invites nobody and has no API keys that send e-mail.",
	}
	TooManyInvitations = fault.Reason{
		Kind: fault.ResourceExhausted, Code: "too_many_invitations",
		Title: "Too many invitations",
		Help:  "A merchant sends a few invitations a day, and so does an account. Wait, or withdraw invitations that nobody answers.",
	}
	InvitationNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "invitation_not_found", Detail: "There is no such invitation.",
		Title: "No such invitation",
		Help: "There is none, it was answered or withdrawn, it has run out, or the token is not its own. " +
			"A newer invitation replaces the one before.",
	}
)

// All lists the module's reasons for the page of problems, with them those of its
// contract, and those of users that it passes on.
func All() []fault.Reason {
	return []fault.Reason{
		slug.Taken, TooManyMerchants,
		LastOwner, MemberNotFound, MerchantPending, TooManyInvitations, InvitationNotFound,
		usersv1.APIKeyNotFound, usersv1.TooManyAPIKeys,
		merchantsv1.MerchantNotFound, merchantsv1.RoleTooLow, merchantsv1.MerchantNotApproved,
	}
}
