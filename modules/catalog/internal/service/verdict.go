package service

import (
	"slices"

	"app/modules/catalog/catalogv1"
	"app/modules/catalog/internal/store"
	"app/platform/money/moneyv1"
)

// reservationError says why the hold cannot be, naming every line concerned: what is
// gone before what costs something else before what has too few or too many units
// before what is short. Nil when nothing is in the way.
func (w wanted) reservationError(products map[string]Product, refused []store.Line, share store.Share) error {
	if gone := w.goneProducts(products); len(gone.GetProductIds()) > 0 {
		return catalogv1.ProductGone.New().With(gone)
	}
	if changed := w.changedPrices(products); len(changed.GetLines()) > 0 {
		return catalogv1.PriceChanged.New().With(changed)
	}
	if bounds := w.outOfBounds(products); len(bounds.GetLines()) > 0 {
		return catalogv1.QuantityRefused.New().With(bounds)
	}
	if len(refused) == 0 {
		return nil
	}
	short := &catalogv1.Shortage{}
	for _, l := range refused {
		stock := products[l.ProductID].Stock
		s := &catalogv1.Short{ProductId: l.ProductID, Requested: l.Quantity, Available: stock.Available()}
		if s.Guests = l.Guest && s.GetAvailable() >= l.Quantity; s.GetGuests() {
			s.Available = share.Left(stock)
		}
		short.Lines = append(short.Lines, s)
	}
	return catalogv1.StockShort.New().With(short)
}

func (w wanted) outOfBounds(products map[string]Product) *catalogv1.Quantities {
	out := &catalogv1.Quantities{}
	for _, l := range w.lines {
		if p := products[l.ProductID]; l.Quantity < p.MinQuantity || l.Quantity > p.MaxQuantity {
			out.Lines = append(out.Lines, &catalogv1.Bounds{
				ProductId: l.ProductID, Requested: l.Quantity, MinQuantity: p.MinQuantity, MaxQuantity: p.MaxQuantity,
			})
		}
	}
	return out
}

func (w wanted) goneProducts(products map[string]Product) *catalogv1.Gone {
	out := &catalogv1.Gone{}
	for _, l := range w.lines {
		if p, ok := products[l.ProductID]; !ok || p.Archived {
			out.ProductIds = append(out.ProductIds, l.ProductID)
		}
	}
	return out
}

func (w wanted) changedPrices(products map[string]Product) *catalogv1.PriceChange {
	out := &catalogv1.PriceChange{}
	for _, l := range w.asked {
		current := products[l.GetProductId()].Price
		seen := slices.ContainsFunc(out.Lines, func(n *catalogv1.NewPrice) bool { return n.GetProductId() == l.GetProductId() })
		if l.GetExpectedPrice().Value() != current && !seen {
			out.Lines = append(out.Lines, &catalogv1.NewPrice{ProductId: l.GetProductId(), Expected: l.GetExpectedPrice(), Current: moneyv1.Of(current)})
		}
	}
	return out
}
