package load

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Work does number n of a run, counted from 0, over the caller's connection. An error
// counts as a failure.
type Work func(ctx context.Context, c *Conn, n int) error

// Plan says what to send. One of Duration and Count ends it; with both, whichever comes
// first.
type Plan struct {
	Address string // host:port
	// Callers work at the same time, each on a connection of its own.
	Callers int
	// Rate is how many times a second work begins (open model); 0 means when the
	// caller's last work has ended.
	Rate     float64
	Duration time.Duration
	Count    int
	Work     Work
	// Sharp begins works at a rate within tens of microseconds of when they are meant
	// to, where the runtime's timers, which wake with the network or by whole
	// milliseconds, would be part of the latency. A thread of its own sleeps for all
	// callers.
	Sharp bool
}

// Outcome is what a run came to.
type Outcome struct {
	Done, Failed int
	Took         time.Duration // from the start to the end of the last work
	Err          error         // of the first failure
	latencies    []time.Duration
}

// Rate is how many works a second succeeded.
func (o Outcome) Rate() float64 { return float64(o.Done) / o.Took.Seconds() }

// Latency is the time that a share p of the successful works took at most. In the open
// model it counts from when the work was meant to begin, so that what a slow reply
// holds up is not forgiven.
func (o Outcome) Latency(p float64) time.Duration {
	if len(o.latencies) == 0 {
		return 0
	}
	return o.latencies[int(p*float64(len(o.latencies)-1))]
}

// Run carries the plan out. It returns early when ctx ends.
func Run(ctx context.Context, p Plan) Outcome {
	r := &run{plan: p, begun: time.Now()}
	parts := make([]Outcome, p.Callers)
	var callers sync.WaitGroup
	if p.Sharp && p.Rate > 0 {
		defer roomForPacer()()
		r.turns = make(chan int, turnsAhead)
		callers.Go(func() { r.pace(ctx) })
	}
	for i := range parts {
		callers.Go(func() { parts[i] = r.call(ctx) })
	}
	callers.Wait()
	all := Outcome{Took: time.Since(r.begun)}
	for _, part := range parts {
		all.Done += part.Done
		all.Failed += part.Failed
		all.latencies = append(all.latencies, part.latencies...)
		if all.Err == nil {
			all.Err = part.Err
		}
	}
	slices.Sort(all.latencies)
	return all
}

type run struct {
	plan  Plan
	begun time.Time
	next  atomic.Int64
	turns chan int // numbers whose time has come, where a pacer tells
}

// call is one caller.
func (r *run) call(ctx context.Context) (o Outcome) {
	c := NewConn(r.plan.Address)
	defer c.Close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		n, from, more := r.take(ctx, timer)
		if !more {
			return o
		}
		if r.plan.Rate == 0 {
			from = time.Now()
		}
		err := r.plan.Work(ctx, c, n)
		switch took := time.Since(from); {
		case err == nil:
			o.Done++
			o.latencies = append(o.latencies, took)
		case errors.Is(err, context.Canceled):
			return o
		default:
			o.Failed++
			if o.Err == nil {
				o.Err = err
			}
		}
	}
}

// take waits for a caller's next work; there is none any more when the run is over.
func (r *run) take(ctx context.Context, timer *time.Timer) (n int, from time.Time, more bool) {
	if r.turns != nil {
		n, more = <-r.turns
		return n, r.start(n), more
	}
	n = int(r.next.Add(1) - 1)
	from = r.start(n)
	return n, from, !r.over(n, from) && waitUntil(ctx, timer, from) == nil
}

// start is when work number n is meant to begin: now in the closed model.
func (r *run) start(n int) time.Time {
	if r.plan.Rate == 0 {
		return time.Now()
	}
	return r.begun.Add(time.Duration(float64(n) / r.plan.Rate * float64(time.Second)))
}

func (r *run) over(n int, start time.Time) bool {
	return r.plan.Count > 0 && n >= r.plan.Count || r.plan.Duration > 0 && start.Sub(r.begun) >= r.plan.Duration
}

// waitUntil waits for a moment, which may be past.
func waitUntil(ctx context.Context, timer *time.Timer, at time.Time) error {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() //nolint:wrapcheck // its meaning is the verdict
	}
	timer.Reset(wait)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // its meaning is the verdict
	}
}
