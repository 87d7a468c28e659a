package merchantsv1

import "app/platform/fault"

// The reasons that everybody who asks merchants about a merchant has in common.
var (
	// MerchantNotFound hides a merchant from whoever has no role with it.
	MerchantNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "merchant_not_found", Detail: "There is no such merchant.",
		Title: "No such merchant", Help: "There is no such merchant, or you are not a member of it.",
	}
	// RoleTooLow is the one answer to whoever has a role with the merchant, and not the
	// one that it takes.
	RoleTooLow = fault.Reason{
		Kind: fault.PermissionDenied, Code: "role_too_low", Detail: "Your role with the merchant does not allow this.",
		Title: "Role too low",
		Help: "Your role with the merchant does not allow this: a viewer reads, a manager changes products and stock and refunds, " +
			"an owner changes the merchant and its members. Ask an owner for another role.",
	}
	// MerchantNotApproved refuses what is done in the name of a merchant that may not
	// sell yet.
	MerchantNotApproved = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "merchant_not_approved", Detail: "The merchant has not been approved yet.",
		Title: "Merchant not approved", Help: "The merchant can neither sell nor write to anybody before it has been approved.",
	}
)
