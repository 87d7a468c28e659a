// Package faults runs the shop as a process for each module, with MariaDB and RabbitMQ,
// and breaks everything that can break while buyers check out a thousand carts:
// processes and servers are killed and stand still, links are cut, slow, sliced and
// half-open, events arrive late, again and in another order. When all is whole again
// and has come to rest, what was acknowledged must be there, once, and everything must
// add up.
//
// A seed decides which faults happen after how many checkouts and what every buyer
// does: see Draw. What the operating system makes of that at which moment is not
// repeatable, so a seed that fails once may pass the next time.
package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Sizes of a run.
const (
	// Checkouts is how many carts are checked out.
	Checkouts = 1000
	// Buyers is how many do so at the same time.
	Buyers = 16
)

// Plan is everything that a seed decides.
type Plan struct {
	Seed     uint64
	Products []Product
	Visits   []Visit
	Restocks []Restock
	Poisons  []Poison
	Faults   []Fault // in the order in which they begin
}

// Kind is what a fault does to its target.
type Kind string

// The kinds of faults. The first two happen to processes and servers, the others to
// links.
const (
	Kill     Kind = "kill"      // SIGKILL; started again when the fault ends
	Pause    Kind = "pause"     // SIGSTOP until the fault ends
	Cut      Kind = "cut"       // connections closed and refused
	Reset    Kind = "reset"     // every connection is reset when something is sent
	Hole     Kind = "hole"      // what is sent vanishes; connections break when the fault ends
	HalfOpen Kind = "half-open" // connections that are open now carry nothing any more and never break; new ones work
	Slow     Kind = "slow"      // latency and jitter
	Sliced   Kind = "sliced"    // a few bytes at a time
	Short    Kind = "short"     // connections break after so many bytes
)

// The ways along a link.
const (
	upstream   = "upstream"
	downstream = "downstream"
)

// Servers that processes share.
const (
	MariaDB  = "mariadb"
	RabbitMQ = "rabbitmq"
)

// Fault is one thing that goes wrong.
type Fault struct {
	After  int           // begins when so many checkouts are done
	Delay  time.Duration // and so much time has gone by
	For    time.Duration
	Kind   Kind
	Target string // a module, a server, or a link: "orders>catalog"
	// Way is the direction in which a link is broken, "upstream" (requests) or
	// "downstream" (answers), where it matters.
	Way string
	// Latency, Jitter and Bytes are those of slow, sliced and short links.
	Latency, Jitter time.Duration
	Bytes           int
}

// String writes the fault on one line.
func (f Fault) String() string {
	var more string
	switch f.Kind {
	case Slow:
		more = fmt.Sprintf(" by %s +-%s", f.Latency, f.Jitter)
	case Sliced, Short:
		more = fmt.Sprintf(", %d bytes %s", f.Bytes, f.Way)
	case Reset, Hole:
		more = " " + f.Way
	}
	return fmt.Sprintf("after %4d checkouts + %-5s %-9s %-16s for %s%s", f.After, f.Delay, f.Kind, f.Target, f.For, more)
}

// String is the schedule, a line for each fault.
func (p *Plan) String() string {
	lines := []string{fmt.Sprintf("SEED=%d: %d checkouts, %d faults", p.Seed, len(p.Visits), len(p.Faults))}
	for _, f := range p.Faults {
		lines = append(lines, "  "+f.String())
	}
	return strings.Join(lines, "\n")
}

// Surroundings are what faults can happen to.
type Surroundings struct {
	Modules []string // with processes
	Links   []string // "orders>catalog"
}

// Draw makes the plan of a seed: the same for the same seed and surroundings.
func Draw(seed uint64, in Surroundings, checkouts int) *Plan {
	p := &Plan{Seed: seed}
	p.drawLoad(from(seed, 1), checkouts)
	p.drawFaults(from(seed, 2), in, checkouts)
	p.drawPoisons(from(seed, 3), checkouts)
	return p
}

// dice draws what plans are made of.
type dice struct{ *rand.Rand }

// from makes the dice of a seed; each stream has its own.
func from(seed, stream uint64) dice {
	return dice{rand.New(rand.NewPCG(seed, stream))} //nolint:gosec // a seed is the point
}

// between is a time from low to high, in steps of 10 ms.
func (d dice) between(low, high time.Duration) time.Duration {
	const step = 10 * time.Millisecond
	return low + time.Duration(d.Int64N(int64((high-low)/step)+1))*step
}

func (d dice) percent(n int) bool { return d.IntN(100) < n }

func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

// drawFaults draws, for every run, a server of each kind that dies or stands still,
// modules that do, and broken links.
func (p *Plan) drawFaults(d dice, in Surroundings, checkouts int) {
	p.Faults = []Fault{d.ofServer(MariaDB), d.ofServer(RabbitMQ)}
	for range 3 {
		p.Faults = append(p.Faults, d.ofModule(Kill, in), d.ofModule(Pause, in))
	}
	for range 8 {
		p.Faults = append(p.Faults, d.ofLink(in))
	}
	for i := range p.Faults {
		p.Faults[i].After = checkouts/20 + d.IntN(checkouts*8/10)
		p.Faults[i].Delay = d.between(0, 200*time.Millisecond)
	}
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return a.After - b.After })
}

func (d dice) ofServer(name string) Fault {
	if d.percent(50) {
		return Fault{Kind: Kill, Target: name, For: d.between(0, 2*time.Second)}
	}
	return Fault{Kind: Pause, Target: name, For: d.between(200*time.Millisecond, 3*time.Second)}
}

// ofModule also draws pauses that outlast every lease: the process wakes up and
// believes that it still has them.
func (d dice) ofModule(kind Kind, in Surroundings) Fault {
	f := Fault{Kind: kind, Target: pick(d, in.Modules...), For: d.between(0, 1500*time.Millisecond)}
	if kind == Pause {
		f.For = d.between(200*time.Millisecond, 1500*time.Millisecond)
		if d.percent(25) {
			f.For = d.between(3*time.Second, 6*time.Second)
		}
	}
	return f
}

func (d dice) ofLink(in Surroundings) Fault {
	f := Fault{
		Kind: pick(d, Cut, Reset, Hole, HalfOpen, Slow, Slow, Sliced, Short), Target: pick(d, in.Links...),
		For: d.between(200*time.Millisecond, 2500*time.Millisecond), Way: pick(d, upstream, downstream),
	}
	switch f.Kind {
	case Slow:
		f.Latency = d.between(20*time.Millisecond, 400*time.Millisecond)
		f.Jitter = d.between(0, f.Latency)
	case Sliced:
		f.Bytes = 1 + d.IntN(20)
	case Short:
		f.Bytes = 1 + d.IntN(4000)
	}
	return f
}
