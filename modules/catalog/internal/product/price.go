package product

import (
	"context"
	"time"

	"app/modules/catalog/internal/price"
	"app/platform/database"
	"app/platform/money"
)

// CompareAtPrice is what the price is announced as a reduction of; nil when it is none. A
// process of the release before may have raised the price above it.
func (p Product) CompareAtPrice() *money.Money {
	if p.CompareAt <= p.Price.Amount {
		return nil
	}
	return &money.Money{Amount: p.CompareAt, Currency: p.Price.Currency}
}

// LowestPrice is the lowest price of the 30 days before the present one; nil when there
// was none in its currency.
func (p Product) LowestPrice() *money.Money {
	if p.Lowest30Days == nil {
		return nil
	}
	return &money.Money{Amount: *p.Lowest30Days, Currency: p.Price.Currency}
}

// changePrice is a product after a change that gives it another price, and the price
// that ends with it, which goes into the history once the change is written. The end is
// later than the beginning, whatever the clock does.
func changePrice(ctx context.Context, tx *database.Tx, before, after Product, now time.Time) (Product, price.Former, error) {
	ended := price.Former{ProductID: before.ID, Price: before.Price, From: before.PriceSince, To: now.UTC().Truncate(time.Microsecond)}
	if !ended.To.After(ended.From) {
		ended.To = ended.From.Add(time.Microsecond)
	}
	lowest, err := price.Lowest(ctx, tx, ended, after.Price.Currency)
	after.PriceSince, after.Lowest30Days = ended.To, lowest
	return after, ended, err
}
