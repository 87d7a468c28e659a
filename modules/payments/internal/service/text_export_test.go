package service

import "app/modules/payments/internal/store"

// MaxResult bounds what is kept of an error.
const MaxResult = maxResult

// Kept is what is kept of an error.
func Kept(said string) string { return sanitizeError(said) }

// CheckRefund is what a request for a refund has to pass.
func CheckRefund(in *RefundRequest) error { return in.validateFor(store.Payment{}) }
