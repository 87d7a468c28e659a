// Package paymentsv1 is what other modules may ask payments: the contract, and the
// reasons for which it refuses.
package paymentsv1

import "app/platform/fault"

// PaymentDiffers refuses a Start whose order or payment is known with other values.
var PaymentDiffers = fault.Reason{
	Kind: fault.FailedPrecondition, Code: "payment_differs", Detail: "The payment or the order is known with other values.",
}
