package service

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"slices"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/reason"
	"app/modules/payments/internal/store"
	"app/platform/database"
	"app/platform/identity"
	"app/platform/ids"
	"app/platform/money"
)

// Visitor is who looks at a payment: somebody signed in, a guest with a cart token, or
// both.
type Visitor struct {
	Principal identity.Principal
	tokenHash string
}

// NewVisitor is the visitor of a request: its principal, and the token it sent, which
// may be empty.
func NewVisitor(ctx context.Context, cartToken string) Visitor {
	v := Visitor{Principal: identity.FromContext(ctx)}
	if cartToken != "" {
		sum := sha256.Sum256([]byte(cartToken))
		v.tokenHash = hex.EncodeToString(sum[:])
	}
	return v
}

// isBuyer reports whether the visitor is the buyer.
func (v Visitor) isBuyer(p store.Payment) bool {
	if p.BuyerID != "" {
		return v.Principal.UserID == p.BuyerID
	}
	return p.TokenHash != "" && v.tokenHash != "" && subtle.ConstantTimeCompare([]byte(v.tokenHash), []byte(p.TokenHash)) == 1
}

// View is a payment as somebody may see it.
type View struct {
	store.Payment
	Amount   money.Money // a merchant's share only, for the merchant
	Refunded money.Money // given back, of that
	Refunds  []store.Refund
}

// Payment reads a payment for its buyer, a guest with its token, an administrator, or a
// member of a merchant with a share in it, who sees that share and its refunds.
// not_found: there is none, or it is none of the visitor's business.
func (s *Service) Payment(ctx context.Context, v Visitor, id string) (View, error) {
	p, refunds, err := s.readPayment(ctx, id)
	if err != nil {
		return View{}, err
	}
	if v.Principal.Admin || v.isBuyer(p) {
		return View{Payment: p, Amount: p.Money(p.Amount), Refunded: p.Money(p.Refunded), Refunds: refunds}, nil
	}
	access, err := s.accessTo(ctx, v, p)
	if err != nil {
		return View{}, err
	}
	sees := access.AtLeast(merchantsv1.Role_ROLE_VIEWER)
	if len(sees) == 0 {
		return View{}, reason.PaymentNotFound.New()
	}
	return seenBy(p, refunds, sees), nil
}

func (s *Service) readPayment(ctx context.Context, id string) (p store.Payment, refunds []store.Refund, err error) {
	if !ids.Valid("pay", id) {
		return p, nil, reason.PaymentNotFound.New()
	}
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		if p, err = store.PaymentByID(ctx, q, id); errors.Is(err, store.ErrNotFound) {
			return reason.PaymentNotFound.New()
		} else if err != nil {
			return err
		}
		refunds, err = store.RefundsOf(ctx, q, id)
		return err
	})
	return p, refunds, err
}

// scopes are what an API key needs for what a viewer and a manager may do with
// payments.
var scopes = merchantsv1.Scopes{Read: identity.PaymentsRead, Write: identity.PaymentsRefund}

// accessTo asks what the visitor may do for the merchants with a share in the payment.
func (s *Service) accessTo(ctx context.Context, v Visitor, p store.Payment) (merchantsv1.Access, error) {
	merchants := make([]string, len(p.Shares))
	for i, share := range p.Shares {
		merchants[i] = share.MerchantID
	}
	return merchantsv1.AccessOf(ctx, s.Merchants, v.Principal, scopes, merchants...) //nolint:wrapcheck // the boundary translates it
}

// seenBy leaves of a payment what is for the given merchants: their shares, their
// refunds, and what has gone back of the shares. Once all of it has, by them or by the
// shop, the payment is refunded for them. Of what the shop gave back without naming a
// merchant nothing is theirs until everything has gone back.
func seenBy(p store.Payment, refunds []store.Refund, merchants []string) View {
	v := View{Payment: p, Amount: p.Money(0), Refunded: p.Money(0)}
	for _, share := range p.Shares {
		if slices.Contains(merchants, share.MerchantID) {
			v.Amount.Amount += share.Amount
		}
	}
	for _, r := range refunds {
		if !slices.Contains(merchants, r.MerchantID) {
			continue
		}
		v.Refunds = append(v.Refunds, r)
		if r.State == store.RefundDone {
			v.Refunded.Amount += r.Amount
		}
	}
	if p.Status == store.Refunded {
		v.Refunded = v.Amount
	}
	if p.Status == store.Succeeded && v.Amount.Amount > 0 && v.Refunded == v.Amount {
		v.Status = store.Refunded
	}
	return v
}
