package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"app/e2e/harness/load"
)

const (
	mixedRate    = 8000 // a second: the bar
	mixedStep    = 250  // the search for what is sustained ends at this precision
	mixedTail    = 50 * time.Millisecond
	mixedTime    = 10 * time.Second
	mixedCallers = 256
	// mixedReady carts are there before a run, so that nobody waits for one.
	mixedReady = 600
)

var mixedRow = row{
	number: 9, name: "mixed", work: "shop traffic, open loop, one process: 80 % reads, 15 % cart, 5 % checkout",
	note: "Of 20 requests 8 read a product, 3 a page of 20, 1 searches, 2 read a cart, 1 an order, 1 the own profile, 1 makes a cart, 2 put a line into one, " +
		"1 checks out. A rate is sustained when 99 % of it is achieved, nothing fails and p99 from the intended start is at most 50 ms. Server and load share the cores.",
	missed: "one request in twenty is a checkout, and costs as much as twenty reads (row 8); the server and the load share two cores, and past what they do together requests wait, which p99 shows first",
	run:    mixed,
}

func mixed(ctx context.Context, b *bench) (figures []Figure, err error) {
	m, err := b.openMarket(ctx, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	t, err := m.traffic(ctx)
	if err != nil {
		return nil, err
	}
	best, err := t.search(ctx)
	if err != nil {
		return nil, err
	}
	err = b.profile(ctx, m.server, "mixed", func(ctx context.Context) { t.run(ctx, best.rate, profileTime) })
	if err := errors.Join(err, m.settle(ctx, int(t.orders.Load())), m.verify(ctx)); err != nil {
		return nil, err
	}
	sustained := Figure{Name: "rate sustained", Unit: "/s", Value: best.rate, Bar: atLeast(mixedRate), Note: "tried: " + best.tried}
	if best.rate == 0 {
		return []Figure{sustained}, nil
	}
	return []Figure{
		sustained,
		{Name: "p99 at that rate, from the intended start", Unit: "ms", Value: millis(best.Latency(0.99)), Bar: atMost(millis(mixedTail))},
		{Name: "p50", Unit: "ms", Value: millis(best.Latency(0.5))},
		{Name: "processor time per request", Unit: "us", Value: best.cost},
	}, nil
}

// traffic is what people do in the shop.
type traffic struct {
	*market
	products, others [][]byte // reads, by product and the rest
	empty, full      chan cart
	orders           atomic.Int64
}

// traffic prepares requests, carts and an order to read.
func (m *market) traffic(ctx context.Context) (*traffic, error) {
	t := &traffic{market: m, products: m.productRequests(), empty: make(chan cart, 1<<20), full: make(chan cart, 1<<20)}
	carts, err := m.fillCarts(ctx, 2, linesPerCart)
	if err != nil {
		return nil, err
	}
	c := load.NewConn(m.address)
	defer c.Close()
	body, err := carts[0].checkout(ctx, c)
	if err != nil {
		return nil, err
	}
	t.orders.Add(1)
	var order struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(body, &order); err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	t.others = others(order.ID, carts[0], carts[1], m.tokens[0])
	return t, nil
}

// others are the eight reads in twenty requests that are not of a product.
func others(order string, bought, kept cart, token string) [][]byte {
	page := load.Request(http.MethodGet, "/v1/products?limit=20", nil)
	basket := load.Request(http.MethodGet, "/v1/carts/"+kept.ID, nil, "Cart-Token", kept.Token)
	return [][]byte{
		page, basket,
		load.Request(http.MethodGet, "/v1/products?limit=20&q=bench-07", nil),
		page,
		load.Request(http.MethodGet, "/v1/orders/"+order, nil, "Cart-Token", bought.Token),
		page, basket,
		load.Request(http.MethodGet, "/v1/users/me", nil, "Authorization", "Bearer "+token),
	}
}

// work does number n: what changes something comes as each fifth request, the reads in
// between alternate.
func (t *traffic) work(ctx context.Context, c *load.Conn, n int) error {
	switch n % 20 {
	case 4:
		return t.begin(ctx, c)
	case 9, 14:
		return t.addTo(ctx, c, n)
	case 19:
		return t.buy(ctx, c)
	}
	reads := t.products
	if n%2 == 1 {
		reads = t.others
	}
	_, err := expect(ctx, c, reads[n/2%len(reads)], http.StatusOK)
	return err
}

func (t *traffic) begin(ctx context.Context, c *load.Conn) error {
	k, err := newCart(ctx, c)
	if err == nil {
		t.empty <- k
	}
	return err
}

var errNoCart = errors.New("no cart is ready: requests are overtaken by hundreds that came later")

func (t *traffic) addTo(ctx context.Context, c *load.Conn, n int) error {
	select {
	case k := <-t.empty:
		if err := t.add(ctx, c, &k, n); err != nil {
			return err
		}
		if k.lines == linesPerCart {
			t.full <- k
		} else {
			t.empty <- k
		}
		return nil
	default:
		return errNoCart
	}
}

func (t *traffic) buy(ctx context.Context, c *load.Conn) error {
	select {
	case k := <-t.full:
		_, err := k.checkout(ctx, c)
		if err == nil {
			t.orders.Add(1)
		}
		return err
	default:
		return errNoCart
	}
}

// tried is the outcome of one rate.
type tried struct {
	load.Outcome
	rate, cost float64
	tried      string // all rates of the search
}

// search tries the bar and then, if that is too much, halves the distance to the
// highest rate that is sustained.
func (t *traffic) search(ctx context.Context) (best tried, err error) {
	low, high, log := 0.0, 2.0*mixedRate, ""
	for high-low > mixedStep && low < mixedRate {
		now, err := t.measure(ctx, (low+high)/2, mixedTime)
		if err != nil {
			return best, err
		}
		ok := kept(now.Outcome, now.rate) && now.Latency(0.99) <= mixedTail
		log += fmt.Sprintf("%s/s achieved %s with p99 %s ms, %d failed; ", number(now.rate), number(now.Rate()), number(millis(now.Latency(0.99))), now.Failed)
		if ok {
			low, best = now.rate, now
		} else {
			high = now.rate
		}
	}
	best.tried = log
	return best, nil
}

// measure runs the traffic at one rate, from rest to rest.
func (t *traffic) measure(ctx context.Context, rate float64, d time.Duration) (now tried, err error) {
	if err := t.prepare(ctx); err != nil {
		return now, err
	}
	before, err := t.CPU()
	if err != nil {
		return now, err //nolint:wrapcheck // names the account
	}
	now = tried{Outcome: t.run(ctx, rate, d), rate: rate}
	if err := t.settle(ctx, int(t.orders.Load())); err != nil {
		return now, err
	}
	after, err := t.CPU()
	now.cost = micros(after-before) / float64(max(1, now.Done))
	return now, err //nolint:wrapcheck // names the account
}

func (t *traffic) run(ctx context.Context, rate float64, d time.Duration) load.Outcome {
	return load.Run(ctx, load.Plan{Address: t.address, Callers: mixedCallers, Rate: rate, Duration: d, Work: t.work})
}

// prepare makes sure that enough carts wait for lines and for checkout.
func (t *traffic) prepare(ctx context.Context) error {
	if missing := mixedReady - len(t.full); missing > 0 {
		carts, err := t.fillCarts(ctx, missing, linesPerCart)
		if err != nil {
			return err
		}
		for _, k := range carts {
			t.full <- k
		}
	}
	o := load.Run(ctx, load.Plan{Address: t.address, Callers: 16, Count: max(1, mixedReady-len(t.empty)), Work: func(ctx context.Context, c *load.Conn, _ int) error {
		return t.begin(ctx, c)
	}})
	return errors.Join(o.Err, ctx.Err())
}
