package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"app/e2e/harness/load"
)

const (
	checkoutCallers = 64
	checkoutCount   = 4000 // in one round
)

var checkoutRow = row{
	number: 8, name: "checkout", work: "whole checkout over HTTP (reserve, order, test payment, paid, receipt queued), one process, 64 callers",
	note: fmt.Sprintf("Three rounds of %d guest carts with %d lines, filled before. The clock stops when the last order of the round is paid and "+
		"its receipt is queued; the p99 is that of the checkout's reply. Server and load share the cores.", checkoutCount, linesPerCart),
	missed: "a checkout is eleven durable stages in five databases (key, hold, order, payment, result, and for each of three events outbox, inboxes and effects): 41 statements. " +
		"Half of the processor's time is the engine of SQLite, which is C translated to Go. Twelve stages share a commit, so the disk is not the limit: the two cores are, together with the load",
	run: checkout,
}

// sale is what one round of checkouts came to.
type sale struct {
	through float64 // orders a second, to the last receipt
	replies load.Outcome
	cost    float64 // processor time in microseconds per order
}

func checkout(ctx context.Context, b *bench) (figures []Figure, err error) {
	m, err := b.openMarket(ctx, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	markets := []*market{m}
	if earlier := b.earlier(); earlier != nil {
		old, err := earlier.openMarket(ctx, "")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", earlier.binary, err)
		}
		defer func() { err = errors.Join(err, old.close()) }()
		markets = append(markets, old)
	}
	sales := make([][]sale, len(markets))
	for round := range rounds {
		for i, m := range markets {
			carts, err := m.fillCarts(ctx, checkoutCount, linesPerCart)
			if err != nil {
				return nil, err
			}
			s, err := m.sell(ctx, carts, checkoutCount*round)
			if err != nil {
				return nil, err
			}
			sales[i] = append(sales[i], s)
		}
	}
	if err := errors.Join(m.profileSale(ctx, b), m.verify(ctx)); err != nil {
		return nil, err
	}
	figures = saleFigures(sales[0])
	if len(sales) > 1 {
		figures = append(figures, ratios(saleCosts(sales[0]), saleCosts(sales[1]))...)
	}
	return figures, nil
}

// saleCosts are the processor times of an order, by round.
func saleCosts(sales []sale) (costs []float64) {
	for _, s := range sales {
		costs = append(costs, s.cost)
	}
	return costs
}

func saleFigures(sales []sale) []Figure {
	best := slices.MaxFunc(sales, func(a, b sale) int { return int(a.through - b.through) })
	costs := saleCosts(sales)
	var rates []float64
	for _, s := range sales {
		rates = append(rates, s.through)
	}
	return []Figure{
		{Name: "checkouts, through to the receipt, best round", Unit: "/s", Value: best.through, Bar: atLeast(1500), Note: "rounds: " + all(rates)},
		{Name: "p99 of the reply in that round", Unit: "ms", Value: millis(best.replies.Latency(0.99)), Bar: atMost(100)},
		{Name: "p50 of the reply", Unit: "ms", Value: millis(best.replies.Latency(0.5))},
		{Name: "replies", Unit: "/s", Value: best.replies.Rate()},
		{Name: "processor time per checkout, smallest round", Unit: "us", Value: slices.Min(costs), Note: "rounds: " + all(costs) + "; all that follows from the order included"},
	}
}

// sell checks the carts out in one round, before which there were so many orders.
func (m *market) sell(ctx context.Context, carts []cart, before int) (s sale, err error) {
	cpu, err := m.CPU()
	if err != nil {
		return s, err //nolint:wrapcheck // names the account
	}
	begun := time.Now()
	s.replies = m.checkoutAll(ctx, carts)
	if s.replies.Done != len(carts) {
		return s, fmt.Errorf("%d of %d checkouts done: %w", s.replies.Done, len(carts), errors.Join(s.replies.Err, ctx.Err()))
	}
	if err := m.settle(ctx, before+len(carts)); err != nil {
		return s, err
	}
	s.through = float64(len(carts)) / time.Since(begun).Seconds()
	used, err := m.CPU()
	s.cost = micros(used-cpu) / float64(len(carts))
	return s, err //nolint:wrapcheck // names the account
}

func (m *market) checkoutAll(ctx context.Context, carts []cart) load.Outcome {
	return load.Run(ctx, load.Plan{Address: m.address, Callers: checkoutCallers, Count: len(carts), Work: func(ctx context.Context, c *load.Conn, n int) error {
		_, err := carts[n].checkout(ctx, c)
		return err
	}})
}

// profileSale runs a round more under the profilers.
func (m *market) profileSale(ctx context.Context, b *bench) error {
	carts, err := m.fillCarts(ctx, checkoutCount, linesPerCart)
	if err != nil {
		return err
	}
	if err := b.profile(ctx, m.server, "checkout", func(ctx context.Context) { m.checkoutAll(ctx, carts) }); err != nil {
		return err
	}
	return m.settle(ctx, (rounds+1)*checkoutCount)
}
