package hold

import (
	"maps"
	"slices"
	"time"

	"app/modules/catalog/internal/product"
	"app/modules/catalog/internal/status"
	"app/modules/catalog/internal/stock"
	"app/platform/money"
)

// RefusedError is why nothing of a request is held. One of its lists is not empty, and
// names every product that is concerned.
type RefusedError struct {
	// Gone are the ids of products that are not sold any more.
	Gone        []string
	Repriced    []Repriced
	OutOfBounds []OutOfBounds
	Short       []Shortage
}

// Repriced is a product whose price is not the expected one.
type Repriced struct {
	ProductID         string
	Expected, Current money.Money
}

// OutOfBounds is a product of which an order has too few or too many units.
type OutOfBounds struct {
	ProductID                           string
	Requested, MinQuantity, MaxQuantity int64
}

// Shortage is a product of which there is not enough.
type Shortage struct {
	ProductID            string
	Requested, Available int64
	// Guests reports that Available is what is left for guests.
	Guests bool
}

// Error implements error.
func (e *RefusedError) Error() string { return "the order cannot be held" }

// checkReservation says why the hold cannot be: what is gone before what costs something
// else before what has too few or too many units before what is short. asked are the
// lines of the request, merged those of the hold, and short those of them for which
// there were not enough units. Nil when nothing is in the way.
func checkReservation(asked, merged, short []Line, products map[string]product.Product, share stock.Share) error {
	for _, refusal := range []*RefusedError{
		{Gone: goneProducts(merged, products)},
		{Repriced: repricedProducts(asked, products)},
		{OutOfBounds: outOfBounds(merged, products)},
		{Short: shortages(short, products, share)},
	} {
		if len(refusal.Gone)+len(refusal.Repriced)+len(refusal.OutOfBounds)+len(refusal.Short) > 0 {
			return refusal
		}
	}
	return nil
}

// dropDrafts takes away what nobody buys yet: for a checkout it is not there.
func dropDrafts(products map[string]product.Product, now time.Time) {
	maps.DeleteFunc(products, func(_ string, p product.Product) bool { return p.StatusAt(now) == status.Draft })
}

func goneProducts(merged []Line, products map[string]product.Product) (gone []string) {
	for _, l := range merged {
		if p, ok := products[l.ProductID]; !ok || p.Archived {
			gone = append(gone, l.ProductID)
		}
	}
	return gone
}

func repricedProducts(asked []Line, products map[string]product.Product) (changed []Repriced) {
	for _, l := range asked {
		current := products[l.ProductID].Price
		seen := slices.ContainsFunc(changed, func(r Repriced) bool { return r.ProductID == l.ProductID })
		if l.Price != current && !seen {
			changed = append(changed, Repriced{ProductID: l.ProductID, Expected: l.Price, Current: current})
		}
	}
	return changed
}

func outOfBounds(merged []Line, products map[string]product.Product) (out []OutOfBounds) {
	for _, l := range merged {
		if p := products[l.ProductID]; l.Quantity < p.MinQuantity || l.Quantity > p.MaxQuantity {
			out = append(out, OutOfBounds{l.ProductID, l.Quantity, p.MinQuantity, p.MaxQuantity})
		}
	}
	return out
}

func shortages(short []Line, products map[string]product.Product, share stock.Share) (out []Shortage) {
	for _, l := range short {
		left := products[l.ProductID].Stock
		s := Shortage{ProductID: l.ProductID, Requested: l.Quantity, Available: left.Available()}
		if s.Guests = l.Guest && s.Available >= l.Quantity; s.Guests {
			s.Available = share.Left(left)
		}
		out = append(out, s)
	}
	return out
}
