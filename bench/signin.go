package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"app/e2e/harness/load"
	"app/e2e/harness/shop"
)

const (
	// Two callers keep a hash at work at all times and are never turned away.
	signInCallers = 2
	besideRate    = 1000 // reads a second beside the sign-ins
)

var signInRow = row{
	number: 10, name: "signin", work: "sign-ins (argon2id), and what they do to other routes",
	note: fmt.Sprintf("Sign-ins by the processor time of the process, on one core. Then, with all cores, %d product reads a second in an open loop, "+
		"without and with %d callers who sign in all the time: the smallest p99 of three rounds each.", besideRate, signInCallers),
	missed: "one hash at a time takes one of the two cores for 25 ms, and the reads share the other with the load that measures them; with more cores the hash takes a smaller share. " +
		"Leaving the choice to the system by running Go on three or four threads where there are two cores was tried and doubles the p99 once more",
	run: signIn,
}

func signIn(ctx context.Context, b *bench) ([]Figure, error) {
	speed, err := b.signInSpeed(ctx)
	if err != nil {
		return nil, err
	}
	alone, beside, err := b.signInBeside(ctx)
	if err != nil {
		return nil, err
	}
	quiet, busy := slices.Min(alone), slices.Min(beside)
	return []Figure{
		{Name: "sign-ins a second of one core, best round", Unit: "/s", Value: slices.Max(speed), Bar: atLeast(35), Note: "rounds: " + all(speed)},
		{Name: "p99 of reads without sign-ins", Unit: "ms", Value: quiet, Note: "rounds: " + all(alone)},
		{Name: "p99 of reads beside sign-ins", Unit: "ms", Value: busy, Note: "rounds: " + all(beside)},
		{Name: "so many times the p99 without", Unit: "x", Value: busy / quiet, Bar: atMost(2)},
	}, nil
}

// signInSpeed is how many sign-ins a second of processor time pays for, round by round.
func (b *bench) signInSpeed(ctx context.Context) (speed []float64, err error) {
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
	for range rounds {
		before, err := m.CPU()
		if err != nil {
			return nil, err //nolint:wrapcheck // names the account
		}
		o := m.signIns(ctx, roundTime)
		after, err := m.CPU()
		if err := errors.Join(err, o.Err, ctx.Err()); err != nil {
			return nil, err
		}
		speed = append(speed, float64(o.Done)/(after-before).Seconds())
	}
	return speed, nil
}

// signInBeside measures the p99 of reads in milliseconds, without and with sign-ins, in
// turns.
func (b *bench) signInBeside(ctx context.Context) (alone, beside []float64, err error) {
	m, err := b.openMarket(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	reads := contender{name: "souk", server: m.server, requests: m.productRequests}
	for range rounds {
		quiet := reads.load(ctx, besideRate, roundTime)
		done := make(chan load.Outcome, 1)
		go func() { done <- m.signIns(ctx, roundTime+time.Second) }()
		busy := reads.load(ctx, besideRate, roundTime)
		signIns := <-done
		if err := errors.Join(quiet.Err, busy.Err, signIns.Err, ctx.Err()); err != nil {
			return nil, nil, err
		}
		alone, beside = append(alone, millis(quiet.Latency(0.99))), append(beside, millis(busy.Latency(0.99)))
	}
	return alone, beside, b.profile(ctx, m.server, "signin", func(ctx context.Context) {
		done := make(chan load.Outcome, 1)
		go func() { done <- m.signIns(ctx, profileTime) }()
		reads.load(ctx, besideRate, profileTime)
		<-done
	})
}

// signIns signs the buyers in, one after the other.
func (m *market) signIns(ctx context.Context, d time.Duration) load.Outcome {
	requests := make([][]byte, buyers)
	for i := range requests {
		body, _ := json.Marshal(map[string]string{"email": buyer(i), "password": shop.Password}) // of strings: cannot fail
		requests[i] = load.Request(http.MethodPost, "/v1/auth/login", body)
	}
	return load.Run(ctx, load.Plan{Address: m.address, Callers: signInCallers, Duration: d, Work: each(requests)})
}
