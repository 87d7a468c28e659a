package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"app/e2e/harness/load"
)

var proxyRow = row{
	number: 4, name: "proxy", work: "gateway in front of a remote module: signed-in GET of a product, token verified and cached, rate limit counted; gateway on one core",
	note: "The gateway's process alone; all other modules are in a second one, on the cores of the load. Three rounds of 5 s with 32 connections, peers in turn. " +
		"These only pass requests on, which carry the word that the gateway would give: no token, no limit; but the FastAPI gateway verifies a token of its own.",
	missed: "net/http is passed twice, as a server and as a client, whose connections hand every request to two goroutines and back; the peers do it in one event loop, or (Caddy) pay the same. " +
		"The token is verified once, the limit counted and the assertion signed for each request, which the peers are spared. " +
		"The bar was drawn where nginx took 12.2 us: 3.7 times as much",
	run: proxy,
}

var addedRow = row{
	number: 5, name: "added", work: fmt.Sprintf("latency that the gateway adds to asking the remote module directly, open loop at %d/s", steadyRate),
	note: "As row 4. Three rounds of 5 s each; latency counts from the intended start, a round that achieves less than 99 % of its rate does not count. " +
		"Added is the smallest figure of the rounds less the smallest of those that asked the module itself.",
	missed: "the load, the module and what stands between share two cores, and asking the module itself has a tail of milliseconds at this rate: what the peers add in the same rounds is the measure here. " +
		"The bar was drawn where nginx added 0.14 ms to the p99",
	run: added,
}

// withHop opens a shop in two processes for a row.
func (b *bench) withHop(ctx context.Context, measure func(h *hop) ([]Figure, error)) (figures []Figure, err error) {
	apart, err := separate()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, apart.together()) }()
	h, err := b.openHop(ctx, apart)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	return measure(h)
}

func proxy(ctx context.Context, b *bench) ([]Figure, error) {
	return b.withHop(ctx, func(h *hop) ([]Figure, error) {
		if err := h.addFastAPI(ctx, b); err != nil {
			return nil, err
		}
		souk, peers := h.souk(), h.others()
		measured, err := compare(ctx, append([]contender{souk}, peers...)...)
		if err != nil {
			return nil, err
		}
		err = b.profile(ctx, h.server, "proxy", func(ctx context.Context) { souk.load(ctx, 0, profileTime) })
		return proxyFigures(measured, peers, h.absence()), err
	})
}

// proxyFigures has ours first, then the peers in their order.
func proxyFigures(measured []costs, peers []contender, absence string) []Figure {
	ours := measured[0]
	figures := []Figure{{
		Name: "processor time per request, smallest round", Unit: "us", Value: slices.Min(ours.micros), Bar: atMost(45),
		Note: "rounds: " + all(ours.micros) + "; the stretch goal is 25" + absence,
	}}
	for i, p := range peers {
		theirs, name := measured[i+1].micros, p.name+", same rounds"
		if !p.verifies {
			name += ", passing on only"
		}
		figures = append(figures,
			Figure{Name: name, Unit: "us", Value: slices.Min(theirs), Note: "rounds: " + all(theirs)},
			Figure{Name: "so many times " + p.name, Unit: "x", Value: slices.Min(ours.micros) / slices.Min(theirs)})
	}
	return append(figures, Figure{Name: "requests on that core, best round", Unit: "/s", Value: slices.Max(ours.rates), Note: "rounds: " + all(ours.rates)})
}

func added(ctx context.Context, b *bench) ([]Figure, error) {
	return b.withHop(ctx, func(h *hop) ([]Figure, error) {
		direct, souk := &steady{contender: h.direct()}, &steady{contender: h.souk()}
		all := []*steady{direct, souk}
		for _, p := range h.others() {
			all = append(all, &steady{contender: p})
		}
		for range rounds {
			for _, s := range all {
				s.take(s.sharp(ctx, steadyRate, roundTime))
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
		if err := b.profile(ctx, h.server, "added", func(ctx context.Context) { souk.sharp(ctx, steadyRate, profileTime) }); err != nil {
			return nil, err
		}
		return addedFigures(direct, souk, all[2:], h.absence())
	})
}

// steady is what a contender answered at a fixed rate, by the rounds that count.
type steady struct {
	contender
	p50, p99 []float64 // ms
	failed   string    // what the rounds that do not count came to
}

// take adds a round.
func (s *steady) take(o load.Outcome) {
	if !kept(o, steadyRate) {
		s.failed += "; failed: " + steadyNote(o, steadyRate)
		if o.Err != nil {
			s.failed += ": " + o.Err.Error()
		}
		return
	}
	s.p50, s.p99 = append(s.p50, millis(o.Latency(0.5))), append(s.p99, millis(o.Latency(0.99)))
}

// addedFigures fails when no round counts of the gateway or of the module itself; a
// peer that kept up with none is left out.
func addedFigures(direct, souk *steady, peers []*steady, absence string) ([]Figure, error) {
	for _, s := range []*steady{direct, souk} {
		if len(s.p50) == 0 {
			return nil, fmt.Errorf("%s: no round at %d/s counts%s", s.name, steadyRate, s.failed) //nolint:err113 // for the report
		}
	}
	p50, p99 := slices.Min(direct.p50), slices.Min(direct.p99)
	figures := []Figure{
		{Name: "p50 added", Unit: "ms", Value: slices.Min(souk.p50) - p50, Bar: atMost(0.1), Note: "through the gateway: " + all(souk.p50) + souk.failed + absence},
		{Name: "p99 added", Unit: "ms", Value: slices.Min(souk.p99) - p99, Bar: atMost(0.5), Note: "through the gateway: " + all(souk.p99)},
		{Name: "p50 of the module itself", Unit: "ms", Value: p50, Note: "rounds: " + all(direct.p50) + direct.failed},
		{Name: "p99 of the module itself", Unit: "ms", Value: p99, Note: "rounds: " + all(direct.p99)},
	}
	for _, p := range peers {
		if len(p.p50) == 0 {
			figures[0].Note += "; " + p.name + " kept up in no round" + p.failed
			continue
		}
		figures = append(figures,
			Figure{Name: p.name + " adds, p50", Unit: "ms", Value: slices.Min(p.p50) - p50, Note: "through it: " + all(p.p50) + p.failed},
			Figure{Name: p.name + " adds, p99", Unit: "ms", Value: slices.Min(p.p99) - p99, Note: "through it: " + all(p.p99)})
	}
	return figures, nil
}
