package service

import (
	"context"

	"app/modules/catalog/catalogv1"
	"app/modules/orders/internal/reason"
	"app/modules/orders/internal/store"
	"app/platform/database"
	"app/platform/fault"
	"app/platform/money"
)

// repriceCart takes over into the cart what its products cost now, and answers what the
// buyer has to be told:
//
//  1. price_changed: the cart has the new prices, and the next checkout is at them.
//     When all lines are sold in one currency, whichever it is, it is the cart's from
//     now on.
//  2. currency_mixed: some lines are sold in another currency than the cart's. They
//     keep the price that was shown and say what they are sold in; the buyer takes them
//     out, or the others. Other new prices are taken over.
//  3. total_too_high: at the new prices the cart costs more than one order may; it
//     stays as it was.
func (s *Service) repriceCart(ctx context.Context, read store.Cart, changes []*catalogv1.NewPrice) error {
	var verdict error
	err := s.DB.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		verdict = priceChanged(changes)
		cart, err := store.LockCart(ctx, tx, read.ID)
		if err != nil || cart.Version != read.Version || cart.State != store.CartOpen {
			return err // changed meanwhile: whoever did it has seen newer prices or will be told
		}
		after, mixed := repricedCart(cart, changes)
		if tooHigh := checkTotalLimit(after, productsOf(changes)...); tooHigh != nil {
			verdict = tooHigh
			return nil //nolint:nilerr // it is the answer, and nothing was written
		}
		if len(mixed) > 0 {
			verdict = currencyMixed(cart.Currency, append(mixed, newPrices(changes, cart.Currency)...))
		}
		return s.writePrices(ctx, tx, cart, after)
	})
	if err != nil {
		return err
	}
	return verdict
}

// repricedCart is the cart at the prices that hold now, and a field for each line that
// the cart's currency keeps from it.
func repricedCart(cart store.Cart, changes []*catalogv1.NewPrice) (after store.Cart, mixed []fault.Field) {
	current := map[string]money.Money{}
	for _, c := range changes {
		current[c.GetProductId()] = fromWire(c.GetCurrent())
	}
	after = cart
	after.Lines = make([]store.CartLine, len(cart.Lines))
	currencies := map[string]bool{}
	for i, line := range cart.Lines {
		line.SoldIn = ""
		if now, changed := current[line.ProductID]; changed {
			line.Price = now
		}
		after.Lines[i] = line
		currencies[line.Price.Currency] = true
	}
	if len(currencies) == 1 {
		after.Currency = after.Lines[0].Price.Currency
		return after, nil
	}
	for i := range after.Lines {
		line := &after.Lines[i]
		if now := line.Price.Currency; now != cart.Currency {
			line.Price, line.SoldIn = cart.Lines[i].Price, now
			mixed = append(mixed, soldIn(line.ProductID, now))
		}
	}
	return after, mixed
}

func productsOf(changes []*catalogv1.NewPrice) []string {
	out := make([]string, len(changes))
	for i, c := range changes {
		out[i] = c.GetProductId()
	}
	return out
}

// writePrices stores the lines that differ. A cart that is as it was keeps its version.
func (s *Service) writePrices(ctx context.Context, tx *database.Tx, before, after store.Cart) error {
	changed := false
	for i, line := range after.Lines {
		if line == before.Lines[i] {
			continue
		}
		changed = true
		if err := store.UpdateCartLine(ctx, tx, after.ID, line); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	return s.bumpCartVersion(ctx, tx, &after)
}

// currencyMixed is the refusal of lines that are not sold in the currency of their
// cart.
func currencyMixed(currency string, lines []fault.Field) error {
	e := reason.CurrencyMixed.Newf("This cart is in %s, and some of its products are sold in another currency.", currency)
	e.Fields = lines
	return e
}

func soldIn(product, currency string) fault.Field {
	return fault.Field{Pointer: "/lines/" + product, Detail: "is sold in " + currency}
}

func priceChanged(changes []*catalogv1.NewPrice) error {
	e := reason.PriceChanged.New()
	e.Fields = newPrices(changes, "")
	return e
}

// newPrices names what has another price now; a currency leaves out what is not sold in
// it.
func newPrices(changes []*catalogv1.NewPrice, currency string) (fields []fault.Field) {
	for _, c := range changes {
		if currency != "" && c.GetCurrent().GetCurrency() != currency {
			continue
		}
		fields = append(fields, fault.Field{
			Pointer: "/lines/" + c.GetProductId() + "/price",
			Detail:  fromWire(c.GetExpected()).String() + " -> " + fromWire(c.GetCurrent()).String(),
		})
	}
	return fields
}
