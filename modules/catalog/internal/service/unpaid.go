package service

import (
	"context"
	"fmt"
	"time"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/store"
	"app/platform/database"
)

// Unpaid bounds what may be held without being paid for, so that nobody takes the
// shop's stock off sale by leaving orders unpaid. The zero value bounds nothing.
type Unpaid struct {
	// Account, Guest and Network bound the holds of one account, of the guests behind
	// one address (IPv4, or an IPv6 /64), and of all guests of the network around it
	// (IPv4 /24, IPv6 /48).
	Account, Guest, Network Allowance
	// Share is what all guests together may hold of one product.
	Share store.Share
}

// Allowance is how much may be held at the same time. The zero value bounds nothing.
type Allowance struct{ Orders, Units int64 }

func (a Allowance) isExceededBy(orders, units int64) bool {
	return a != (Allowance{}) && (orders > a.Orders || units > a.Units)
}

// buyer is whom a hold is counted for.
type buyer struct {
	guest bool
	// id and network are empty where nobody is counted. An account is its own network.
	id, network string
}

// buyerOf reads whom a request is for. Callers of an earlier release do not say so:
// then nobody is counted.
func (s *Service) buyerOf(b *catalogv1.Buyer) buyer {
	out := buyer{guest: b != nil && b.GetAccountId() == ""}
	switch {
	case b == nil || s.unpaid == (Unpaid{}):
	case !out.guest:
		out.id, out.network = b.GetAccountId(), b.GetAccountId()
	case b.GetMark() != "":
		out.id, out.network = b.GetMark(), b.GetNetwork()
		if out.network == "" {
			out.network = out.id
		}
	}
	return out
}

// checkUnpaidAllowance refuses a hold, which is in the table already, that is more than
// its buyer may have:
//
//  1. Counted is what is held at this moment, from the rows of the holds themselves:
//     whatever ends a hold frees its place.
//  2. Checkouts from one network are counted one after the other, in any number of
//     processes (store.UnpaidOf).
//  3. The refusal undoes the hold. It says when the first other hold lapses; when the
//     order alone is too large it does not, because waiting does not help.
func (s *Service) checkUnpaidAllowance(ctx context.Context, tx *database.Tx, h store.Hold, guest bool) error {
	if h.Network == "" {
		return nil
	}
	u, err := store.UnpaidOf(ctx, tx, h.Buyer, h.Network)
	if err != nil {
		return fmt.Errorf("count what is not paid: %w", err)
	}
	most := s.unpaid.Account
	over := !guest && most.isExceededBy(u.Holds, u.Units)
	if guest {
		most = s.unpaid.Guest
		over = most.isExceededBy(u.Holds, u.Units) || s.unpaid.Network.isExceededBy(u.NetworkHolds, u.NetworkUnits)
	}
	if !over {
		return nil
	}
	refusal := catalogv1.TooManyUnpaid.New()
	if h.Units <= most.Units {
		refusal.RetryAfter = max(time.Second, u.Frees.Sub(s.now()))
	}
	return refusal
}
