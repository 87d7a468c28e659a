package faults

import "fmt"

// Merchants is how many merchants sell.
const Merchants = 2

// Product is one product on sale.
type Product struct {
	SKU      string
	Merchant int // its number
	Price    int64
	Stock    int64 // at first
}

// Line is a product, by number, and how much of it.
type Line struct{ Product, Quantity int }

// Visit is what one buyer does with one cart.
type Visit struct {
	N      int
	Lines  []Line
	Method string // how to pay
	// AtOnce is how often the checkout is sent at the same time, with one key. Again
	// repeats it after its answer.
	AtOnce int
	Again  bool
	// Cancel cancels the order, Refund gives back so many percent of a merchant's
	// share, News sends the provider's webhooks once more, Pry lets others read what is
	// not theirs.
	Cancel bool
	Refund int
	News   bool
	Pry    bool
}

// Restock adds units of a product after so many checkouts.
type Restock struct{ N, After, Product, Units int }

// Key makes the idempotency keys of a run: made up, and the same for the same seed.
func (p *Plan) Key(what string, n int) string {
	return fmt.Sprintf("faults-%d-%s-%05d", p.Seed, what, n)
}

var methods = []string{"test_ok", "test_ok", "test_ok", "test_declined", "test_slow", "test_lost_reply", "test_duplicate"}

// drawLoad draws the carts. Of the products some are plenty; of the others there are
// fewer units than buyers want.
func (p *Plan) drawLoad(d dice, checkouts int) {
	const products = 12
	for i := range products {
		stock := int64(checkouts)
		if i%4 == 3 {
			stock = int64(checkouts) * int64(5+d.IntN(15)) / 100
		}
		p.Products = append(p.Products, Product{
			SKU: fmt.Sprintf("SKU-%02d", i), Merchant: i % Merchants, Price: int64(100 + d.IntN(5000)), Stock: stock,
		})
	}
	for n := range checkouts {
		p.Visits = append(p.Visits, d.visit(n, products))
	}
	for n := range 10 {
		p.Restocks = append(p.Restocks, Restock{N: n, After: d.IntN(checkouts * 9 / 10), Product: d.IntN(products), Units: 1 + d.IntN(20)})
	}
}

func (d dice) visit(n, products int) Visit {
	v := Visit{N: n, Method: pick(d, methods...), AtOnce: 1, Again: d.percent(10), News: d.percent(10), Pry: d.percent(5)}
	for _, product := range d.Perm(products)[:pick(d, 1, 1, 2, 3, 5)] {
		v.Lines = append(v.Lines, Line{product, 1 + d.IntN(2)})
	}
	if d.percent(10) {
		v.AtOnce = 2 + d.IntN(2)
	}
	switch {
	case d.percent(8):
		v.Cancel = true
	case d.percent(10):
		v.Refund = 1 + d.IntN(100)
	}
	return v
}
