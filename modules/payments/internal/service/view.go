package service

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"

	"app/modules/merchants/merchantsv1"
	"app/modules/payments/internal/store"
	"app/platform/database"
	"app/platform/fault"
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

// errPayment is the answer for a payment that does not exist or that the visitor may
// not see.
var errPayment = fault.Missing("payment")

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
	roles, err := s.merchantRoles(ctx, v, p)
	if err != nil {
		return View{}, err
	}
	if len(roles) == 0 {
		return View{}, errPayment
	}
	return seenBy(p, refunds, roles), nil
}

func (s *Service) readPayment(ctx context.Context, id string) (p store.Payment, refunds []store.Refund, err error) {
	if !ids.Valid("pay", id) {
		return p, nil, errPayment
	}
	err = s.DB.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		if p, err = store.PaymentByID(ctx, q, id); errors.Is(err, store.ErrNotFound) {
			return errPayment
		} else if err != nil {
			return err
		}
		refunds, err = store.RefundsOf(ctx, q, id)
		return err
	})
	return p, refunds, err
}

// merchantRoles asks merchants for whom, of those with a share in the payment, the visitor may
// act; those for whom not are left out. An API key has the role that its scopes stand
// for, with its own merchant.
func (s *Service) merchantRoles(ctx context.Context, v Visitor, p store.Payment) (map[string]merchantsv1.Role, error) {
	out := map[string]merchantsv1.Role{}
	if v.Principal.IsKey() {
		return keyRoles(v.Principal, p), nil
	}
	if v.Principal.UserID == "" {
		return out, nil
	}
	for _, share := range p.Shares {
		answer, err := s.Merchants.Member(ctx, &merchantsv1.MemberRequest{MerchantId: share.MerchantID, UserId: v.Principal.UserID})
		if err != nil {
			return nil, err //nolint:wrapcheck // the boundary translates it
		}
		if answer.GetRole() >= merchantsv1.Role_ROLE_VIEWER {
			out[share.MerchantID] = answer.GetRole()
		}
	}
	return out, nil
}

func keyRoles(key identity.Principal, p store.Payment) map[string]merchantsv1.Role {
	out := map[string]merchantsv1.Role{}
	for _, share := range p.Shares {
		switch {
		case key.ActsFor(share.MerchantID, identity.PaymentsRefund):
			out[share.MerchantID] = merchantsv1.Role_ROLE_MANAGER
		case key.ActsFor(share.MerchantID, identity.PaymentsRead):
			out[share.MerchantID] = merchantsv1.Role_ROLE_VIEWER
		}
	}
	return out
}

// seenBy leaves of a payment what is for the given merchants: their shares, their
// refunds, and what has gone back of the shares. Once all of it has, by them or by the
// shop, the payment is refunded for them. Of what the shop gave back without naming a
// merchant nothing is theirs until everything has gone back.
func seenBy(p store.Payment, refunds []store.Refund, merchants map[string]merchantsv1.Role) View {
	v := View{Payment: p, Amount: p.Money(0), Refunded: p.Money(0)}
	for _, share := range p.Shares {
		if _, ok := merchants[share.MerchantID]; ok {
			v.Amount.Amount += share.Amount
		}
	}
	for _, r := range refunds {
		if _, ok := merchants[r.MerchantID]; !ok {
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
