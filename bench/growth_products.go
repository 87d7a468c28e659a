package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"app/e2e/harness/load"
	"app/e2e/harness/process"
)

// productSizes are how many products are on sale. The first are those that every market
// has.
var productSizes = []int{products, 100_000, 1_000_000}

const (
	// growthRate of shop traffic is sustained with room to spare, so that what is
	// compared is the work and not the queue.
	growthRate = 1000
	growthTime = 3 * time.Second // of a round
	// sampled products are asked for: many times what a connection to the database
	// keeps in memory.
	sampled = 20_000
)

const onOneCore = " The server has one core, the load the others. Smallest of three rounds of 3 s."

var productStudy = study{
	curves: []Curve{
		{
			Name: "read", Row: 1, Figure: "processor time per signed-in GET of a product", Unit: "us", Of: "products", Noise: processorNoise,
			Note: "All products, or 20,000 from all over the catalog, are asked for in no order, as fast as the replies come, by 32 connections." + onOneCore,
		},
		{
			Name: "page", Row: 9, Figure: "processor time per page of 20, anywhere in the list", Unit: "us", Of: "products", Noise: processorNoise,
			Note: "Pages after 1,000 different products, by 32 connections." + onOneCore,
		},
		{
			Name: "search", Row: 9, Figure: "processor time per search for a word of one product", Unit: "us", Of: "products", Noise: processorNoise,
			Reason: "A word may begin and end anywhere in a title, a sku or a description, and no index finds that on both engines. Products are looked at " +
				"from the newest on, some thousands in one read so that others get their turn, until a page is full; which takes all of them when hardly " +
				"any has the word. The searches of row 9 look for what one product in ten has.",
			Note: "By one connection." + onOneCore,
		},
		{
			Name: "mixed", Row: 9, Figure: "processor time per request of shop traffic", Unit: "us", Of: "products", Noise: processorNoise,
			Note: mixedNote,
		},
		{
			Name: "mixed-p99", Row: 9, Figure: "p99 of shop traffic, from the intended start", Unit: "ms", Of: "products", Noise: tailNoise,
			Note: mixedNote,
		},
	},
	run: growProducts,
}

var mixedNote = fmt.Sprintf("The traffic of row 9 at %s/s, the same at every size: smallest of three rounds of %s that sustained it. Server and load share the cores.",
	number(growthRate), growthTime)

// growProducts measures at each size, with more products in the same shop each time.
func growProducts(ctx context.Context, b *bench, add plot) (err error) {
	apart, err := separate()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, apart.together()) }()
	m, err := b.openMarket(ctx, apart.core)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	sold := 0
	for _, size := range productSizes {
		if err := m.stock(ctx, b, size, apart.core); err != nil {
			return err
		}
		if err := m.plotReads(ctx, float64(size), add); err != nil {
			return err
		}
		if err := errors.Join(apart.together(), m.restart(ctx, b, "")); err != nil {
			return err
		}
		if sold, err = m.plotMixed(ctx, float64(size), sold, add); err != nil {
			return err
		}
		if err := process.PinSelf(apart.cores[1:]); err != nil {
			return err //nolint:wrapcheck // names the cores
		}
	}
	return nil
}

// stock makes sure that so many products are on sale, and serves them on a core.
func (m *market) stock(ctx context.Context, b *bench, size int, core string) error {
	if size > len(m.products) {
		if err := m.Stop(); err != nil {
			return err //nolint:wrapcheck // names the program
		}
		if err := loadProducts(ctx, m.data, size); err != nil {
			return err
		}
	}
	if err := m.restart(ctx, b, core); err != nil {
		return err
	}
	return m.inspect(ctx, size)
}

// restart ends the server, if it runs, and serves the same data, on one core only if
// one is given.
func (m *market) restart(ctx context.Context, b *bench, core string) (err error) {
	if err := m.Stop(); err != nil {
		return err //nolint:wrapcheck // names the program
	}
	s, err := b.serve(ctx, m.data, core)
	if err == nil {
		m.server = s
	}
	return err
}

// plotReads measures requests that only read, on the server's core.
func (m *market) plotReads(ctx context.Context, size float64, add plot) error {
	for _, part := range []struct {
		curve    string
		requests [][]byte
		callers  int
	}{
		{"read", m.productRequests(), readers}, {"page", m.pageRequests(), readers}, {"search", m.searchRequests(), 1},
	} {
		costs, err := m.costs(ctx, part.requests, part.callers)
		if err != nil {
			return err
		}
		add(part.curve, size, slices.Min(costs), "rounds: "+all(costs))
	}
	return nil
}

// costs are the processor times of a request in microseconds, by round, after a round
// that warms up.
func (m *market) costs(ctx context.Context, requests [][]byte, callers int) (costs []float64, err error) {
	for i := range 1 + rounds {
		before, err := m.CPU()
		if err != nil {
			return nil, err //nolint:wrapcheck // names the account
		}
		plan := load.Plan{Address: m.address, Callers: callers, Duration: growthTime, Work: each(requests)}
		if i == 0 {
			plan.Duration = warmUp
		}
		o := load.Run(ctx, plan)
		after, err := m.CPU()
		if err := errors.Join(err, o.Err, ctx.Err()); err != nil {
			return nil, err
		}
		if i > 0 {
			costs = append(costs, micros(after-before)/float64(o.Done))
		}
	}
	return costs, nil
}

// errBehind is a rate that was not sustained: latency then says how long the run was,
// and nothing about requests.
var errBehind = errors.New("no round sustained its rate")

// plotMixed measures row 9's traffic at a rate that does not change. sold counts the
// orders before and after.
func (m *market) plotMixed(ctx context.Context, size float64, sold int, add plot) (int, error) {
	t, err := m.traffic(ctx)
	if err != nil {
		return sold, err
	}
	t.orders.Add(int64(sold))
	var costs, tails []float64
	note := ""
	for try := 0; try < 2*rounds && len(costs) < rounds; try++ { // others may take the processors for a while
		now, err := t.measure(ctx, growthRate, growthTime)
		if err != nil {
			return sold, err
		}
		if !kept(now.Outcome, growthRate) {
			note += "; " + steadyNote(now.Outcome, growthRate)
			continue
		}
		costs, tails = append(costs, now.cost), append(tails, millis(now.Latency(0.99)))
	}
	if len(costs) == 0 {
		return sold, fmt.Errorf("%s products: %w%s", number(size), errBehind, note)
	}
	add("mixed", size, slices.Min(costs), "rounds: "+all(costs)+note)
	add("mixed-p99", size, slices.Min(tails), "rounds: "+all(tails)+note)
	return int(t.orders.Load()), nil
}
