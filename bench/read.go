package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"app/e2e/harness/load"
	"app/e2e/harness/process"
)

const (
	rounds     = 3
	roundTime  = 5 * time.Second
	warmUp     = time.Second
	readers    = 32
	steadyRate = 4000 // a second, for latencies
)

var readRow = row{
	number: 1, name: "read", work: "signed-in GET of a product through the gateway, token cached, rate limit counted, from SQLite; one process on one core",
	note: "Three rounds of 5 s with 32 connections; processor time of the process, user and system, by replies. 1,000 products, 8 buyers.",
	missed: "more than half is net/http, its system calls and the garbage of a request, of which the bare server shows the part that nobody escapes; one row by its key, through database/sql and " +
		"SQLite in Go, is another fifth. The goal was drawn from a sketch without log, metrics, deadline and identity. A cache of products in the process would meet it, and show a price that was just changed",
	run: read,
}

func read(ctx context.Context, b *bench) (figures []Figure, err error) {
	apart, err := separate()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, apart.together()) }()
	m, err := b.openMarket(ctx, apart.core)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	bare, err := b.startBare(ctx, apart.core)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.Stop()) }()
	souk := contender{name: "souk", server: m.server, requests: m.productRequests}
	contenders := []contender{souk, {name: "bare net/http", server: bare, requests: m.productRequests}}
	if earlier := b.earlier(); earlier != nil {
		old, err := earlier.openMarket(ctx, apart.core)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", earlier.binary, err)
		}
		defer func() { err = errors.Join(err, old.close()) }()
		contenders = append(contenders, contender{name: "before", server: old.server, requests: old.productRequests})
	}
	measured, err := compare(ctx, contenders...)
	if err != nil {
		return nil, err
	}
	steady := souk.load(ctx, steadyRate, roundTime)
	err = b.profile(ctx, m.server, "read", func(ctx context.Context) { souk.load(ctx, 0, profileTime) })
	return readFigures(measured, steady), err
}

func readFigures(measured []costs, steady load.Outcome) []Figure {
	ours, bare := measured[0], measured[1]
	figures := []Figure{
		{Name: "processor time per request, smallest round", Unit: "us", Value: slices.Min(ours.micros), Bar: atMost(40), Note: "rounds: " + all(ours.micros) + "; the stretch goal is 25"},
		{Name: "the bare net/http server, same rounds", Unit: "us", Value: slices.Min(bare.micros), Note: "rounds: " + all(bare.micros)},
		{Name: "so many times the bare server", Unit: "x", Value: slices.Min(ours.micros) / slices.Min(bare.micros)},
		{Name: "requests on that core, best round", Unit: "/s", Value: slices.Max(ours.rates), Note: "rounds: " + all(ours.rates)},
		{Name: fmt.Sprintf("p50 at %d/s, open loop", steadyRate), Unit: "ms", Value: millis(steady.Latency(0.5)), Note: steadyNote(steady, steadyRate)},
		{Name: fmt.Sprintf("p99 at %d/s, open loop", steadyRate), Unit: "ms", Value: millis(steady.Latency(0.99))},
	}
	if len(measured) > 2 {
		figures = append(figures, ratios(ours.micros, measured[2].micros)...)
	}
	return figures
}

// costs are what a contender's requests cost in processor time, and how many came
// through in a second, by round.
type costs struct{ micros, rates []float64 }

// compare measures all contenders in each round, so that what disturbs one disturbs
// all.
func compare(ctx context.Context, contenders ...contender) ([]costs, error) {
	measured := make([]costs, len(contenders))
	for _, c := range contenders {
		if o := c.load(ctx, 0, warmUp); o.Failed > 0 {
			return nil, fmt.Errorf("%s: %w", c.name, o.Err)
		}
	}
	for range rounds {
		for i, c := range contenders {
			cost, rate, err := c.round(ctx)
			if err != nil {
				return nil, err
			}
			measured[i].micros, measured[i].rates = append(measured[i].micros, cost), append(measured[i].rates, rate)
		}
	}
	return measured, nil
}

func steadyNote(o load.Outcome, rate float64) string {
	note := fmt.Sprintf("achieved %s/s, %d failed", number(o.Rate()), o.Failed)
	if o.Rate() < 0.99*rate {
		note += "; less than 99 % of the rate: the run failed"
	}
	return note
}

// kept reports whether a run at a fixed rate counts: nothing failed, and it did not
// fall behind by more than 1 %.
func kept(o load.Outcome, rate float64) bool { return o.Failed == 0 && o.Rate() >= 0.99*rate }

// contender is one server under the same load.
type contender struct {
	name   string
	server *server

	// requests want 200; they are made for each run and sent in turn.
	requests func() [][]byte

	// verifies tells of a peer that it does more than passing requests on.
	verifies bool
}

// each sends the requests in turn and wants 200.
func each(requests [][]byte) load.Work {
	return func(ctx context.Context, c *load.Conn, n int) error {
		_, err := expect(ctx, c, requests[n%len(requests)], http.StatusOK)
		return err
	}
}

// load sends for a time, at a rate or, when that is 0, as fast as the replies come.
func (k contender) load(ctx context.Context, rate float64, d time.Duration) load.Outcome {
	return load.Run(ctx, load.Plan{Address: k.server.address, Callers: readers, Rate: rate, Duration: d, Work: each(k.requests())})
}

// sharp is load at a rate, begun so exactly that the harness adds nothing to speak of.
func (k contender) sharp(ctx context.Context, rate float64, d time.Duration) load.Outcome {
	return load.Run(ctx, load.Plan{Address: k.server.address, Callers: readers, Rate: rate, Duration: d, Work: each(k.requests()), Sharp: true})
}

// round measures the processor time of a request in microseconds, and how many come
// through in a second.
func (k contender) round(ctx context.Context) (cost, rate float64, err error) {
	before, err := k.server.CPU()
	if err != nil {
		return 0, 0, err //nolint:wrapcheck // names the account
	}
	o := k.load(ctx, 0, roundTime)
	after, err := k.server.CPU()
	if err == nil && o.Failed > 0 {
		err = fmt.Errorf("%s: %d requests failed: %w", k.name, o.Failed, o.Err)
	}
	if err != nil || o.Done == 0 {
		return 0, 0, errors.Join(err, ctx.Err())
	}
	return micros(after-before) / float64(o.Done), o.Rate(), nil
}

// separation is the server on one core and this process on the others.
type separation struct {
	core  string
	cores []string
}

var errOneCore = errors.New("server and load need a core each, and this machine has one")

// separate moves this process away from the first core, which is then the server's.
func separate() (s separation, err error) {
	if s.cores, err = process.Cores(); err != nil {
		return s, err //nolint:wrapcheck // names the account
	}
	if len(s.cores) < 2 {
		return s, errOneCore
	}
	s.core = s.cores[0]
	return s, process.PinSelf(s.cores[1:]) //nolint:wrapcheck // names the cores
}

// together lets this process run anywhere again.
func (s separation) together() error {
	return process.PinSelf(s.cores) //nolint:wrapcheck // names the cores
}
