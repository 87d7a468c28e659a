package hold

import (
	"time"

	"app/modules/catalog/internal/stock"
)

// Unpaid bounds what may be held without being paid for, so that nobody takes the
// shop's stock off sale by leaving orders unpaid. The zero value bounds nothing.
type Unpaid struct {
	// Account, Guest and Network bound the holds of one account, of the guests behind
	// one address (IPv4, or an IPv6 /64), and of all guests of the network around it
	// (IPv4 /24, IPv6 /48).
	Account, Guest, Network Allowance
	// Share is what all guests together may hold of one product.
	Share stock.Share
}

// Allowance is how much may be held at the same time. The zero value bounds nothing.
type Allowance struct{ Orders, Units int64 }

func (a Allowance) isExceededBy(orders, units int64) bool {
	return a != (Allowance{}) && (orders > a.Orders || units > a.Units)
}

// Buyer is whom holds are counted for while they are not paid.
type Buyer struct {
	// AccountID is empty for guests.
	AccountID string
	// Mark is what stands for a guest's address, Network for the network around it.
	// Empty when they are not known.
	Mark, Network string
}

func (b *Buyer) isGuest() bool { return b != nil && b.AccountID == "" }

// countedFor is whom a hold of the buyer is counted for, and what it is looked up by:
// empty where nobody is counted, as for callers of an earlier release, who do not say
// who buys. An account is its own network.
func (u Unpaid) countedFor(b *Buyer) (buyer, network string) {
	switch {
	case b == nil || u == (Unpaid{}):
		return "", ""
	case !b.isGuest():
		return b.AccountID, b.AccountID
	case b.Mark == "":
		return "", ""
	case b.Network == "":
		return b.Mark, b.Mark
	default:
		return b.Mark, b.Network
	}
}

// usage is what is held and not paid for.
type usage struct {
	// Of one buyer, and of the whole network around it.
	holds, units, networkHolds, networkUnits int64
	// frees is when the first of them lapses, zero when there are none.
	frees time.Time
}

// permitsUsage reports whether the usage is within the bounds of a guest or of an
// account.
func (u Unpaid) permitsUsage(used usage, guest bool) bool {
	if guest {
		return !u.Guest.isExceededBy(used.holds, used.units) && !u.Network.isExceededBy(used.networkHolds, used.networkUnits)
	}
	return !u.Account.isExceededBy(used.holds, used.units)
}

// maxUnits is how many units one buyer may hold.
func (u Unpaid) maxUnits(guest bool) int64 {
	if guest {
		return u.Guest.Units
	}
	return u.Account.Units
}
