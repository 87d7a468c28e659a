package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// cartSizes are the lines of a cart and how many such carts are checked out in a round:
// fewer of the large ones, whose lines have to be put in one by one. A cart may have
// 200 lines.
var cartSizes = []struct{ lines, carts int }{{1, 1000}, {10, 500}, {100, 150}}

var cartStudy = study{
	curves: []Curve{{
		Name: "checkout", Row: 8, Figure: "processor time per checkout", Unit: "us", Of: "lines in the cart", Noise: processorNoise,
		Reason: "Each line is work that no other line does: units that are set aside and sold, rows of the order, of its hold and of the stock's " +
			"journal, and a line of the receipt. What a line costs falls with the size of the cart.",
		Note: "Smallest of three interleaved rounds with 64 callers, row 8's way: from the first request until all is paid and every receipt is queued.",
	}},
	run: growCarts,
}

// growCarts checks carts of each size out in each round.
func growCarts(ctx context.Context, b *bench, add plot) (err error) {
	m, err := b.openMarket(ctx, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	costs, sold := make([][]float64, len(cartSizes)), 0
	for range rounds {
		for i, size := range cartSizes {
			carts, err := m.fillCarts(ctx, size.carts, size.lines)
			if err != nil {
				return err
			}
			s, err := m.sell(ctx, carts, sold)
			if err != nil {
				return err
			}
			sold += len(carts)
			costs[i] = append(costs[i], s.cost)
		}
	}
	for i, size := range cartSizes {
		cost := slices.Min(costs[i])
		add("checkout", float64(size.lines), cost, fmt.Sprintf("%s us per line; rounds: %s", number(cost/float64(size.lines)), all(costs[i])))
	}
	return m.verify(ctx)
}
