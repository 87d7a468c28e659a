package cart

import (
	"slices"

	"app/modules/orders/internal/reason"
	"app/platform/fault"
	"app/platform/money"
)

// PriceChange is another price than the cart shows.
type PriceChange struct {
	ProductID         string
	Expected, Current money.Money
}

// reprice is the cart at the prices that hold now, and what the buyer has to be told:
//
//  1. price_changed: the cart has the new prices, and the next checkout is at them.
//     When all lines are sold in one currency, whichever it is, it is the cart's from
//     now on.
//  2. currency_mixed: some lines are sold in another currency than the cart's. They
//     keep the price that was shown and say what they are sold in; the buyer takes them
//     out, or the others. Other new prices are taken over.
//  3. total_too_high: at the new prices the cart costs more than one order may; it
//     stays as it was.
func (c Cart) reprice(changes []PriceChange) (Cart, error) {
	after, mixed := c.withPrices(changes)
	products := make([]string, len(changes))
	for i, change := range changes {
		products[i] = change.ProductID
	}
	if err := after.CheckTotal(products...); err != nil {
		return c, err
	}
	if len(mixed) > 0 {
		return after, currencyMixed(c.Currency, append(mixed, newPrices(changes, c.Currency)...)...)
	}
	return after, priceChanged(changes)
}

// withPrices is the cart at the prices that hold now, and a field for each line that
// the cart's currency keeps from it.
func (c Cart) withPrices(changes []PriceChange) (after Cart, mixed []fault.Field) {
	current := map[string]money.Money{}
	for _, change := range changes {
		current[change.ProductID] = change.Current
	}
	after, after.Lines = c, slices.Clone(c.Lines)
	currencies := map[string]bool{}
	for i := range after.Lines {
		line := &after.Lines[i]
		line.SoldIn = ""
		if now, changed := current[line.ProductID]; changed {
			line.Price = now
		}
		currencies[line.Price.Currency] = true
	}
	if len(currencies) == 1 {
		after.Currency = after.Lines[0].Price.Currency
		return after, nil
	}
	for i := range after.Lines {
		line := &after.Lines[i]
		if now := line.Price.Currency; now != c.Currency {
			line.Price, line.SoldIn = c.Lines[i].Price, now
			mixed = append(mixed, soldIn(line.ProductID, now))
		}
	}
	return after, mixed
}

func priceChanged(changes []PriceChange) error {
	refusal := reason.PriceChanged.New()
	refusal.Fields = newPrices(changes, "")
	return refusal
}

// newPrices names what has another price now; a currency leaves out what is not sold in
// it.
func newPrices(changes []PriceChange, currency string) (fields []fault.Field) {
	for _, change := range changes {
		if currency != "" && change.Current.Currency != currency {
			continue
		}
		fields = append(fields, fault.Field{
			Pointer: "/lines/" + change.ProductID + "/price",
			Detail:  change.Expected.String() + " -> " + change.Current.String(),
		})
	}
	return fields
}
