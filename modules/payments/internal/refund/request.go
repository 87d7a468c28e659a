package refund

import (
	"context"
	"errors"
	"slices"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/reason"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/ids"
)

// Request queues a refund; the money goes back a moment later. Sums are bounded by what
// was captured and by the merchant's share, whoever else asks at the same time, and a
// repetition of the request answers the refund it made.
//
// invalid_argument: amount, merchant_id; not_found: no such payment, or the caller has
// no part in it; permission_denied: no manager; failed_precondition:
// payment_not_captured, refund_exceeds_capture.
func (s *Service) Request(ctx context.Context, c payment.Caller, in Request) (Refund, error) {
	p, err := s.readPayment(ctx, in.PaymentID)
	if err != nil {
		return Refund{}, err
	}
	if in.MerchantID, err = s.onBehalf(ctx, c, p, in.MerchantID); err != nil {
		return Refund{}, err
	}
	if err := in.validateFor(p.Currency); err != nil {
		return Refund{}, err
	}
	id := ids.For(ctx, "rfd", s.Now())
	return database.Write(ctx, s.DB, func(ctx context.Context, tx *database.Tx) (Refund, error) {
		return s.queueRequest(ctx, tx, id, in)
	})
}

func (s *Service) readPayment(ctx context.Context, id string) (payment.Payment, error) {
	if !ids.Valid("pay", id) {
		return payment.Payment{}, reason.PaymentNotFound.New()
	}
	p, err := database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (payment.Payment, error) {
		return payment.ByID(ctx, q, id)
	})
	if errors.Is(err, database.ErrNotFound) {
		return p, reason.PaymentNotFound.New()
	}
	return p, err
}

// onBehalf decides from whose share the refund is; empty is the payment as a whole.
func (s *Service) onBehalf(ctx context.Context, c payment.Caller, p payment.Payment, wanted string) (string, error) {
	if c.Principal.Admin {
		if wanted != "" && !p.HasShare(wanted) {
			return "", fault.Invalid(fault.Field{Pointer: "/merchant_id", Detail: "has no share in this payment"})
		}
		return wanted, nil
	}
	access, err := c.AccessTo(ctx, p, s.Merchants)
	if err != nil {
		return "", err
	}
	sees := access.AtLeast(merchantsv1.Role_ROLE_VIEWER)
	if len(sees) == 0 && !c.Bought(p) {
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

// queueRequest counts the amount against what is left and queues the refund.
func (s *Service) queueRequest(ctx context.Context, tx *database.Tx, id string, in Request) (Refund, error) {
	p, err := payment.Lock(ctx, tx, in.PaymentID)
	if err != nil {
		return Refund{}, err
	}
	if made, err := byID(ctx, tx, p.Currency, id); !errors.Is(err, database.ErrNotFound) {
		return made, err
	}
	if p.Captured == 0 {
		return Refund{}, reason.PaymentNotCaptured.New()
	}
	amount, err := takeAmount(ctx, tx, p, in)
	if err != nil {
		return Refund{}, err
	}
	now := s.Now()
	r := Refund{
		ID: id, PaymentID: p.ID, MerchantID: in.MerchantID, Amount: p.Money(amount), Reason: in.Reason,
		State: Queued, DueAt: now, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.Queue.addRefund(ctx, tx, &p, r); err != nil {
		return Refund{}, err
	}
	return r, payment.Update(ctx, tx, &p)
}

// takeAmount bounds the refund by what is left of the payment and of the merchant's
// share, which it takes it from.
func takeAmount(ctx context.Context, tx *database.Tx, p payment.Payment, in Request) (int64, error) {
	if in.MerchantID == "" {
		return in.amountOf(p.Left())
	}
	left, err := payment.LeftOfShare(ctx, tx, p.ID, in.MerchantID)
	if err != nil {
		return 0, err
	}
	amount, err := in.amountOf(min(left, p.Left()))
	if err != nil {
		return 0, err
	}
	err = payment.TakeShare(ctx, tx, p.ID, in.MerchantID, amount)
	if errors.Is(err, database.ErrChanged) {
		return 0, reason.RefundExceedsCapture.New()
	}
	return amount, err
}
