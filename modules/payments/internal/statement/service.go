package statement

import (
	"context"
	"errors"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/reason"
	"app/modules/payments/internal/refund"
	"app/platform/database"
	"app/platform/ids"
)

// Service makes statements. It is safe for concurrent use.
type Service struct {
	DB        *database.DB
	Merchants merchantsv1.Authorizer
}

// Of reads a payment for its buyer, a guest with its token, an administrator, or a
// member of a merchant with a share in it, who sees that share and its refunds.
// not_found: there is none, or it is none of the caller's business.
func (s *Service) Of(ctx context.Context, c payment.Caller, id string) (Statement, error) {
	all, err := s.readWhole(ctx, id)
	if err != nil || c.Principal.Admin || c.Bought(all.Payment) {
		return all, err
	}
	access, err := c.AccessTo(ctx, all.Payment, s.Merchants)
	if err != nil {
		return Statement{}, err
	}
	sees := access.AtLeast(merchantsv1.Role_ROLE_VIEWER)
	if len(sees) == 0 {
		return Statement{}, reason.PaymentNotFound.New()
	}
	return seenBy(all.Payment, all.Refunds, sees), nil
}

func (s *Service) readWhole(ctx context.Context, id string) (Statement, error) {
	if !ids.Valid("pay", id) {
		return Statement{}, reason.PaymentNotFound.New()
	}
	return database.Read(ctx, s.DB, func(ctx context.Context, q *database.Tx) (Statement, error) {
		p, err := payment.ByID(ctx, q, id)
		if errors.Is(err, database.ErrNotFound) {
			return Statement{}, reason.PaymentNotFound.New()
		}
		if err != nil {
			return Statement{}, err
		}
		refunds, err := refund.Of(ctx, q, p)
		return wholeOf(p, refunds), err
	})
}
