package service

import (
	"context"
	"errors"
	"slices"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/reason"
	"app/modules/payments/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
	"app/platform/money"
	"app/platform/text"
)

// RefundRequest asks to give money back.
type RefundRequest struct {
	PaymentID string
	// Amount is all that is left when it is nil: of the merchant's share, or of the
	// payment for an administrator.
	Amount *money.Money
	// MerchantID says from whose share. It may be empty for a visitor who manages one
	// merchant with a share only, and for an administrator, who then takes it from the
	// payment as a whole.
	MerchantID string
	Reason     string
}

// RequestRefund queues a refund; the money goes back a moment later. Sums are bounded
// by what was captured and by the merchant's share, whoever else asks at the same time,
// and a repetition of the request answers the refund it made.
//
// invalid_argument: amount, merchant_id; not_found: no such payment, or the visitor has
// no part in it; permission_denied: no manager; failed_precondition:
// payment_not_captured, refund_exceeds_capture.
func (s *Service) RequestRefund(ctx context.Context, v Visitor, in RefundRequest) (r store.Refund, err error) {
	p, _, err := s.readPayment(ctx, in.PaymentID)
	if err != nil {
		return r, err
	}
	if in.MerchantID, err = s.onBehalf(ctx, v, p, in.MerchantID); err != nil {
		return r, err
	}
	if err := in.validateFor(p); err != nil {
		return r, err
	}
	id := ids.For(ctx, "rfd", s.Now())
	err = s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		tx.AfterCommit(s.WakeRefunds)
		r, err = s.queueRefund(ctx, tx, id, in)
		return err
	})
	return r, err
}

// onBehalf decides from whose share the refund is; empty is the payment as a whole.
func (s *Service) onBehalf(ctx context.Context, v Visitor, p store.Payment, wanted string) (string, error) {
	if v.Principal.Admin {
		return wanted, checkMerchantShare(p, wanted)
	}
	access, err := s.accessTo(ctx, v, p)
	if err != nil {
		return "", err
	}
	sees := access.AtLeast(merchantsv1.Role_ROLE_VIEWER)
	if len(sees) == 0 && !v.isBuyer(p) {
		return "", reason.PaymentNotFound.New()
	}
	manages := slices.DeleteFunc(access.AtLeast(merchantsv1.Role_ROLE_MANAGER), func(merchant string) bool { return wanted != "" && merchant != wanted })
	switch {
	case len(manages) == 1:
		return manages[0], nil
	case len(manages) > 1:
		return "", fault.Invalid(fault.Field{Pointer: "/merchant_id", Detail: "is needed: you manage several merchants with a share in this payment"})
	case wanted != "" && !slices.Contains(sees, wanted):
		return "", fault.Invalid(fault.Field{Pointer: "/merchant_id", Detail: "is not a merchant of yours with a share in this payment"})
	default:
		return "", access.ErrTooLow() //nolint:wrapcheck // it is what the client gets
	}
}

func checkMerchantShare(p store.Payment, merchantID string) error {
	if merchantID == "" {
		return nil
	}
	for _, share := range p.Shares {
		if share.MerchantID == merchantID {
			return nil
		}
	}
	return fault.Invalid(fault.Field{Pointer: "/merchant_id", Detail: "has no share in this payment"})
}

// maxReason bounds the characters of a refund's reason.
const maxReason = 250

func (in *RefundRequest) validateFor(p store.Payment) error {
	switch {
	case in.Amount != nil && in.Amount.Amount <= 0:
		return fault.Invalid(fault.Field{Pointer: "/amount/amount", Detail: "must be positive"})
	case in.Amount != nil && in.Amount.Currency != p.Currency:
		return fault.Invalid(fault.Field{Pointer: "/amount/currency", Detail: "must be " + p.Currency})
	}
	reason, err := text.Line(in.Reason, 0, maxReason)
	if err != nil {
		return fault.Invalid(fault.Field{Pointer: "/reason", Detail: err.Error()})
	}
	in.Reason = reason
	return nil
}

// queueRefund counts the amount against what is left and queues the refund.
func (s *Service) queueRefund(ctx context.Context, tx *database.Tx, id string, in RefundRequest) (store.Refund, error) {
	p, err := store.LockPayment(ctx, tx, in.PaymentID)
	if err != nil {
		return store.Refund{}, err
	}
	if made, err := store.RefundByID(ctx, tx, id); !errors.Is(err, store.ErrNotFound) {
		return made, err
	}
	if p.Captured == 0 {
		return store.Refund{}, reason.PaymentNotCaptured.New()
	}
	amount, err := s.amountOf(ctx, tx, p, in)
	if err != nil {
		return store.Refund{}, err
	}
	now := s.Now()
	r := store.Refund{
		ID: id, PaymentID: p.ID, MerchantID: in.MerchantID, Amount: amount, Reason: in.Reason,
		State: store.RefundQueued, DueAt: now, CreatedAt: now, UpdatedAt: now,
	}
	p.Refunding, p.UpdatedAt = p.Refunding+amount, now
	if err := store.UpdatePayment(ctx, tx, &p); err != nil {
		return store.Refund{}, err
	}
	return r, store.InsertRefund(ctx, tx, r)
}

// amountOf bounds the refund by what is left of the payment and of the merchant's
// share, which it takes it from.
func (s *Service) amountOf(ctx context.Context, tx *database.Tx, p store.Payment, in RefundRequest) (int64, error) {
	left := p.Left()
	if in.MerchantID != "" {
		whole, err := store.PaymentByID(ctx, tx, p.ID)
		if err != nil {
			return 0, err
		}
		for _, share := range whole.Shares {
			if share.MerchantID == in.MerchantID {
				left = min(left, share.Amount-share.Refunded)
			}
		}
	}
	amount := left
	if in.Amount != nil {
		amount = in.Amount.Amount
	}
	if amount == 0 || amount > left {
		return 0, reason.RefundExceedsCapture.New()
	}
	if in.MerchantID == "" {
		return amount, nil
	}
	err := store.TakeShare(ctx, tx, p.ID, in.MerchantID, amount)
	if errors.Is(err, store.ErrChanged) {
		return 0, reason.RefundExceedsCapture.New()
	}
	return amount, err
}
