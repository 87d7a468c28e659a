// Package reason declares the public codes of the module, each once.
package reason

import "app/platform/fault"

// Of payments and of refunds.
var (
	// PaymentNotFound hides a payment from whoever has no part in it.
	PaymentNotFound = fault.Reason{
		Kind: fault.NotFound, Code: "payment_not_found", Detail: "There is no such payment.",
		Title: "No such payment", Help: "The payment does not exist, or you may not see it.",
	}
	PaymentNotCaptured = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "payment_not_captured", Detail: "No money was taken for this payment.",
		Title: "No money taken", Help: "The payment is pending or failed: there is nothing to give back.",
	}
	RefundExceedsCapture = fault.Reason{
		Kind: fault.FailedPrecondition, Code: "refund_exceeds_capture", Detail: "That is more than is left to give back.",
		Title: "More than is left",
		Help:  "Refunds together cannot be more than what was captured, nor a merchant's more than its share. Read the payment.",
	}
)

// Of webhooks.
var (
	SignatureInvalid = fault.Reason{
		Kind: fault.Unauthenticated, Code: "signature_invalid", Detail: "The signature does not hold.",
		Title: "Signature invalid", Help: "The webhook is not signed with the provider's secret, or more than five minutes old.",
	}
)

// All lists the module's reasons for the page of problems.
func All() []fault.Reason {
	return []fault.Reason{PaymentNotFound, PaymentNotCaptured, RefundExceedsCapture, SignatureInvalid, fault.ProviderNotFound}
}
