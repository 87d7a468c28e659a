package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"app/platform/events"
	"app/platform/events/node"
)

// How unruly deliveries are, in percent of batches or events.
const (
	lateBatches   = 15 // come late
	mixedBatches  = 40 // come in another order
	splitBatches  = 30 // come in parts, each late by itself
	twiceAtOnce   = 10 // events that come twice in their batch
	againLater    = 15 // events that come once more after they were acknowledged
	longestDelay  = 300 * time.Millisecond
	longestRepeat = 3 * time.Second
)

// unruly delivers worse than a broker does. It loses nothing: a batch is accepted when
// all of it was. What it decides is drawn from the seed; what comes in a batch is
// decided by time.
type unruly struct {
	mu     sync.Mutex
	random *rand.Rand
}

func newUnruly(seed uint64) *unruly {
	return &unruly{random: rand.New(rand.NewPCG(seed, 22))} //nolint:gosec // a seed is the point
}

// part is some events and how late they come.
type part struct {
	events []events.Envelope
	delay  time.Duration
}

// around makes accept worse.
func (u *unruly) around(accept node.Accept) node.Accept {
	return func(ctx context.Context, module string, batch []events.Envelope) error {
		parts, later := u.draw(batch)
		for _, p := range parts {
			if err := wait(ctx, p.delay); err != nil {
				return err
			}
			if err := accept(ctx, module, p.events); err != nil {
				return err
			}
		}
		for _, p := range later {
			go func() {
				// The process may have ended by then, or the database be away: a
				// repetition is nobody's loss.
				if wait(context.Background(), p.delay) == nil {
					_ = accept(context.Background(), module, p.events)
				}
			}()
		}
		return nil
	}
}

// draw says how a batch comes, and what of it comes again.
func (u *unruly) draw(batch []events.Envelope) (parts, later []part) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var order []events.Envelope
	for _, e := range batch {
		order = append(order, e)
		if u.percent(twiceAtOnce) {
			order = append(order, e)
		}
		if u.percent(againLater) {
			later = append(later, part{[]events.Envelope{e}, u.upTo(longestRepeat)})
		}
	}
	if u.percent(mixedBatches) {
		u.random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	if len(order) > 1 && u.percent(splitBatches) {
		at := 1 + u.random.IntN(len(order)-1)
		return []part{{order[:at], u.late()}, {order[at:], u.late()}}, later
	}
	return []part{{order, u.late()}}, later
}

func (u *unruly) percent(n int) bool { return u.random.IntN(100) < n }

func (u *unruly) upTo(d time.Duration) time.Duration { return time.Duration(u.random.Int64N(int64(d))) }

func (u *unruly) late() time.Duration {
	if !u.percent(lateBatches) {
		return 0
	}
	return u.upTo(longestDelay)
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
