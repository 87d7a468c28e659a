// Package statement is a payment with its refunds as somebody may see it: whole for the
// buyer and the shop, and for a merchant its own share.
package statement

import (
	"slices"

	"app/modules/payments/internal/payment"
	"app/modules/payments/internal/refund"
	"app/platform/money"
)

// Statement is a payment as somebody may see it.
type Statement struct {
	payment.Payment
	Amount   money.Money // a merchant's share only, for the merchant
	Refunded money.Money // given back, of that
	Refunds  []refund.Refund
}

// wholeOf is the statement of a payment for those who see all of it.
func wholeOf(p payment.Payment, refunds []refund.Refund) Statement {
	return Statement{Payment: p, Amount: p.Money(p.Amount), Refunded: p.Money(p.Refunded), Refunds: refunds}
}

// seenBy leaves of a payment what is for the given merchants: their shares, their
// refunds, and what has gone back of the shares. Once all of it has, by them or by the
// shop, the payment is refunded for them. Of what the shop gave back without naming a
// merchant nothing is theirs until everything has gone back.
func seenBy(p payment.Payment, refunds []refund.Refund, merchants []string) Statement {
	s := Statement{Payment: p, Amount: p.Money(0), Refunded: p.Money(0)}
	for _, share := range p.Shares {
		if slices.Contains(merchants, share.MerchantID) {
			s.Amount.Amount += share.Amount
		}
	}
	for _, r := range refunds {
		if !slices.Contains(merchants, r.MerchantID) {
			continue
		}
		s.Refunds = append(s.Refunds, r)
		if r.State == refund.Done {
			s.Refunded.Amount += r.Amount.Amount
		}
	}
	if p.Status == payment.Refunded {
		s.Refunded = s.Amount
	}
	if p.Status == payment.Succeeded && s.Amount.Amount > 0 && s.Refunded == s.Amount {
		s.Status = payment.Refunded
	}
	return s
}
